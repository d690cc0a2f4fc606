// What `vits check` does: open the file, inspect the machine, say what a restore does to each of its ITSes.
import { readFileSync } from 'node:fs'
import { bytesSource, inspect, open } from '@vits/core'

const [file = 'fixtures/saved/ghosts.mig.zst'] = process.argv.slice(2)
const machine = await open(bytesSource(readFileSync(file)))
for (const { its, verdict, findings } of (await inspect(machine)).audit()) {
  console.log(`ITS ${its.index}: ${verdict}`)
  for (const { code, slug, says } of findings) console.log(`  ${code} ${slug}: ${says}`)
}
