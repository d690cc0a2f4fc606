import { execFile } from 'node:child_process'
import type { ByteRange } from '@vits/core/formats'

/** SEEK_DATA and SEEK_HOLE, which Node does not have, are 3 and 4 in Linux; ENXIO is 6. */
const programs = [
  [
    'perl',
    '-e',
    String.raw`open(my $file, '<', $ARGV[0]) or exit 1;
for (my $at = 0; ; ) {
  my $start = sysseek($file, $at, 3);
  exit($! == 6 ? 0 : 1) unless defined $start;
  $at = sysseek($file, $start, 4);
  exit 1 unless defined $at;
  print $start + 0, ' ', $at + 0, "\n";
}`,
    '--',
  ],
  [
    'python3',
    '-Ic',
    `import os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
at = 0
while True:
    try:
        start = os.lseek(file, at, 3)
    except OSError as error:
        sys.exit(0 if error.errno == 6 else 1)
    at = os.lseek(file, start, 4)
    print(start, at)`,
  ],
] as const

const LIMITS = { timeout: 60_000, maxBuffer: 2 ** 26 } as const
/** What a file of the most extents that are taken is: a diff of 64 GiB of which every other page is there. */
const MOST_RANGES = 2 ** 23

/**
 * Where a file was written, as the operating system tells: all else are holes. Undefined where it does not tell, or no program is there to ask it.
 *
 * @param storedBytes what it takes on the disk: a file system that takes all of a file for written, and does not keep all of it, is not believed
 */
export async function writtenRanges(
  path: string,
  storedBytes: number,
  { platform = process.platform, ask = output } = {},
): Promise<readonly ByteRange[] | undefined> {
  if (platform !== 'linux') return undefined
  for (const [program, ...args] of programs) {
    const told = await ask(program, [...args, path])
    const ranges = told === undefined ? undefined : rangesOf(told)
    if (ranges === undefined) continue
    const bytes = ranges.reduce((sum, { start, end }) => sum + (end - start), 0)
    return bytes <= storedBytes ? ranges : undefined
  }
  return undefined
}

const output = (program: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    execFile(program, args, LIMITS, (error, out) => resolve(error === null ? out : undefined)).stdin?.end()
  })

/** Lines of a start and an end, in order. */
function rangesOf(text: string): ByteRange[] | undefined {
  const lines = text.split('\n').slice(0, -1)
  if (lines.length > MOST_RANGES) return undefined
  let last = 0
  const ranges = lines.map((line) => {
    const [start, end] = line.split(' ').map(Number) as [number, number]
    const isNext = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= last && end > start
    last = isNext ? end : Number.POSITIVE_INFINITY
    return { start, end }
  })
  return last === Number.POSITIVE_INFINITY ? undefined : ranges
}
