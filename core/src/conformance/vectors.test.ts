import { readdirSync, readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { conform, parseRecordings } from './index.ts'

const folder = new URL('../../../fixtures/vectors/', import.meta.url)
const names = readdirSync(folder).filter((name) => name.endsWith('.zst'))

function results(name: string) {
  const json = new TextDecoder().decode(decompress(readFileSync(new URL(name, folder))))
  return parseRecordings(json).map((recording) => conform(recording))
}

describe('the model answers as real KVM did', () => {
  it.each(names)('%s', (name) => {
    const played = results(name)
    expect(played.flatMap(({ scenario, differences }) => differences.map((difference) => ({ scenario, ...difference })))).toEqual(
      [],
    )
    expect(played.flatMap(({ unsupported }) => unsupported)).toEqual([])
    expect(played.reduce((sum, { outcomes }) => sum + outcomes, 0)).toBeGreaterThan(5)
  })

  it('but for a second restore into devices that are still there: KVM has each device twice then, and which of the two answers changes', () => {
    const played = results('unmatched/restored-twice.4.13.9.json.zst')
    expect(played.map(({ differences }) => differences.map(({ op }) => op))).toEqual([['mem_dump'], ['mem_dump'], ['mem_dump']])
  })

  it('and would be caught if it answered as another kernel', () => {
    const json = new TextDecoder().decode(decompress(readFileSync(new URL('d_disable_keeps_mappings.6.1.192.json.zst', folder))))
    const [recording] = parseRecordings(json)
    expect(conform(recording!, 'linux-6.12.117').differences.length).toBeGreaterThan(0)
  })
})
