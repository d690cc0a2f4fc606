import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROFILES = 'VITS_BENCH_PROFILES'
const APART = 'VITS_BENCH_APART'
/** Microseconds from one sample to the next. */
const INTERVAL = 500
const ROWS = 20
/** What is no work. */
const idle = new Set(['(idle)', '(root)'])

/** The environment of a benchmark whose processes are to write CPU profiles into a folder; `isApart`: with nothing inlined. */
export function profiled(folder: string, isApart: boolean): NodeJS.ProcessEnv {
  return { [PROFILES]: folder, ...(isApart ? { [APART]: '1' } : {}) }
}

/** Options of Node for a process that writes a CPU profile under that name; none when that environment asks for no profiles. */
export function profileOptions(name: string, env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const folder = env[PROFILES]
  if (folder === undefined) return []
  const own = join(folder, name.replaceAll(' ', '-'))
  mkdirSync(own, { recursive: true })
  const inlining = env[APART] === undefined ? [] : ['--no-turbo-inlining']
  return [...inlining, '--cpu-prof', `--cpu-prof-dir=${own}`, `--cpu-prof-interval=${INTERVAL}`]
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[]
}

/** For each name, a table of the functions that most of the time was spent in, not counting what they called. */
export function profileTables(folder: string): string {
  return readdirSync(folder)
    .sort()
    .map((name) => profileTable(name, join(folder, name)))
    .join('\n')
}

function profileTable(name: string, folder: string): string {
  const self = new Map<string, number>()
  const files = readdirSync(folder).filter(isOfMainThread)
  for (const file of files) addSelfTimes(self, JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile)
  const sum = [...self.values()].reduce((a, b) => a + b, 0)
  const rows = [...self]
    .sort(([, a], [, b]) => b - a)
    .slice(0, ROWS)
    .map(([place, us]) => `| ${(us / 1000).toFixed(0)} | ${((100 * us) / sum).toFixed(1)} | ${place} |`)
  const processes = files.length === 1 ? '' : `, ${files.length} processes`
  return `\n${name}${processes}\n\n| self, ms | % | function | where |\n| ---: | ---: | --- | --- |\n${rows.join('\n')}`
}

/** CPU.date.time.process.thread.number.cpuprofile: the other thread of a process is the one that loads TypeScript. */
function isOfMainThread(file: string): boolean {
  return file.split('.')[4] === '0'
}

function addSelfTimes(self: Map<string, number>, { nodes, samples, timeDeltas }: CpuProfile): void {
  const places = placesOf(nodes)
  for (const [n, id] of samples.entries()) {
    const place = places.get(id)
    if (place !== undefined) self.set(place, (self.get(place) ?? 0) + timeDeltas[n]!)
  }
}

/** What each node is called in the table; none of those where nothing is done. What Node does before any of our functions is one. */
function placesOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const places = new Map<number, string>()
  const visit = ({ id, callFrame, children = [] }: ProfileNode, isWithin: boolean): void => {
    const { functionName, url, lineNumber } = callFrame
    const isOurs = isWithin || (url.startsWith('file:') && !url.includes('/node_modules/'))
    const isV8 = functionName.startsWith('(')
    if (!idle.has(functionName))
      places.set(id, isOurs || isV8 ? placeText(functionName, url, lineNumber) : 'start of Node, loading | ')
    for (const child of children) visit(byId.get(child)!, isOurs)
  }
  visit(nodes[0]!, false)
  return places
}

/** Lines of what was compiled before it was loaded are not known. */
function placeText(name: string, url: string, line: number): string {
  const file = url.startsWith('file:') ? relative(process.cwd(), fileURLToPath(url)) : url
  return `${name || '(anonymous)'} | ${line > 0 ? `${file}:${line + 1}` : file}`
}
