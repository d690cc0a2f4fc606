// `npm run pictures`: the pictures of the README, of a VM in fixtures, as a browser shows it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fixtureBytes } from '../../core/src/formats/testing/fixtures.ts'
import { Chromium } from './chromium.ts'

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
mkdirSync(folder, { recursive: true })
const chromium = await Chromium.start()
try {
  const file = join(chromium.folder, 'scattered-unrestorable.mig')
  writeFileSync(file, fixtureBytes('scattered-unrestorable.mig'))
  const { path } = await chromium.report([file])
  for (const scheme of ['light', 'dark'] as const) {
    const page = await chromium.openPath(path, { width: 1280, height: 1000, scheme })
    await page.screenshot({ path: `${folder}explore-${scheme}.png` })
  }
} finally {
  await chromium.stop()
}
