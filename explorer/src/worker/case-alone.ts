// The worker of a report, which carries a case and opens nothing else: it has no other format, and is so much smaller.
import { bytesSource, openCase } from '@vits/core/formats'
import { serve } from './serve.ts'
import type { OpenMachine } from './session.ts'

const openCarried: OpenMachine = async (files) => {
  const [{ name, source }] = files as [(typeof files)[0]]
  const packed = new Blob([(await source.slice(0, source.byteLength)) as BlobPart]).stream()
  const bytes = new Uint8Array(await new Response(packed.pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
  return openCase({ name, source: bytesSource(bytes), compression: 'gzip', container: { kind: 'plain' } })
}

serve(openCarried, async (files) => files.map((file) => [file]))
