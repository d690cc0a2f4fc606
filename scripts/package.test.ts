import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { installedFiles } from './man-pages.ts'

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly files?: readonly string[]
  readonly man?: readonly string[]
}

const manifest = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8'))
const { law }: { law: Record<string, readonly string[]> } = createRequire(import.meta.url)('../import-law.cjs')
const foldersOf = (path: string) =>
  readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
/** What tests of several rooms share is no room. */
const rooms = foldersOf('core/src')
  .filter((name) => name !== 'testing')
  .sort()

describe('the packages', () => {
  it('core depends on nothing', () => {
    expect(manifest('core/package.json')).not.toHaveProperty('dependencies')
  })

  it('the program depends on nothing: what it needs is bundled', () => {
    expect(manifest('cli/package.json')).not.toHaveProperty('dependencies')
  })

  it('core has one door per room, its JSON schemas and no other', () => {
    const doors = Object.keys(manifest('core/package.json').exports ?? {})
    expect(doors.sort()).toEqual(['.', './schema/*.json', ...rooms.map((room) => `./${room}`)].sort())
  })

  it('every room has its line in the import law', () => {
    expect(Object.keys(law)).toEqual(expect.arrayContaining(rooms))
  })

  it('every room and every folder has its row in ARCHITECTURE.md', () => {
    const rows = [...readFileSync('ARCHITECTURE.md', 'utf8').matchAll(/^\| `([\w/-]+)` \| [A-Z]/gm)].map(([, name]) => name)
    const folders = foldersOf('.').filter((name) => !/^\.|^(core|node_modules|coverage)$/.test(name))
    expect(rows.sort()).toEqual([...rooms.map((room) => `core/src/${room}`), ...folders].sort())
  })

  it.each(['package.json', 'core/package.json', 'cli/package.json'])('%s names exact versions only', (path) => {
    const { dependencies = {}, devDependencies = {} } = manifest(path)
    for (const version of Object.values({ ...dependencies, ...devDependencies })) {
      expect(version).toMatch(/^(npm:@?[\w/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/)
    }
  })

  it('cli installs every man page, and has what completes its command lines', () => {
    const { man, files } = manifest('cli/package.json')
    const pages = installedFiles.flatMap(({ path }) => (path.startsWith('cli/man/') ? [path.replace('cli', '.')] : []))
    expect([...(man ?? [])].sort()).toEqual(pages.sort())
    expect(
      readdirSync('cli/man')
        .map((name) => `./man/${name}`)
        .sort(),
    ).toEqual(pages)
    expect(files).toEqual(expect.arrayContaining(['completions', 'man']))
  })

  it('the lockfile names no download host', () => {
    expect(readFileSync('package-lock.json', 'utf8')).not.toMatch(/"resolved": "https?:/)
  })
})
