// Prints the generated documentation anew: `npm run docs`.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { generatedDocs } from './generated-docs.ts'

for (const { path, content } of generatedDocs) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, await content())
}
process.stdout.write(`${generatedDocs.length} files written\n`)
