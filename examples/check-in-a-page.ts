// A page that says what becomes of a dropped file: nothing is uploaded, and only the pages that matter are read.
import { readFileSync } from 'node:fs'
import { blobSource, FormatError, inspect, open } from '@vits/core'

async function onDrop(file: File): Promise<string> {
  try {
    const inspection = await inspect(await open(blobSource(file)))
    return inspection
      .audit()
      .map(({ its, verdict, live }) => `ITS ${its.index}: ${verdict}, ${live.events} live events\n`)
      .join('')
  } catch (error) {
    if (error instanceof FormatError) return `${file.name}: ${error.message}\n`
    throw error
  }
}

// A page would have `event.dataTransfer.files[0]` here.
const dropped = (path: string) => new File([readFileSync(path)], path)
process.stdout.write(await onDrop(dropped('fixtures/saved/two-itses.vits')))
process.stdout.write(await onDrop(dropped('README.md')))
