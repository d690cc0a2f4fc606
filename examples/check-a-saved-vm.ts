// What `vits check` does: open the file, inspect the machine, say what a restore does to each of its ITSes.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { bytesSource, inspect, open } from '@vits/core'
import { decompress } from 'fzstd'

const [file = 'fixtures/saved/ghosts.mig.zst'] = process.argv.slice(2)
const machine = await open(bytesSource(readFileSync(file)), { codecs: { zstd: decompress, gzip: gunzipSync } })
for (const { its, verdict, findings } of (await inspect(machine)).audit()) {
  console.log(`ITS ${its.index}: ${verdict}`)
  for (const { code, slug, says } of findings) console.log(`  ${code} ${slug}: ${says}`)
}
