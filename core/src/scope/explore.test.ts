import { describe, expect, it } from 'vitest'
import { stateDifference } from '../seal/index.ts'
import { explore, type Scope, ScopeVm, scopeNamed, scopes } from './index.ts'

const clearing: Scope = scopes.clearing

describe('a kernel that clears what is unmapped, with a guest like Linux', () => {
  it.each(['clearing', 'clearing-far', 'clearing-two-level'] as const)(
    'is restored exactly by every kernel after histories of any length: %s',
    (name) => {
      const { ended, wrong, refused, states, outside } = explore(scopes[name])
      expect({ ended, wrong, refused, outside }).toEqual({ ended: 'fixpoint', wrong: [], refused: [], outside: 0 })
      expect(states).toBe(2039)
    },
  )
})

describe('a kernel that keeps what is unmapped', () => {
  const { wrong, ended, depth } = explore(scopes.keeping, { mostDepth: 5 })

  it('brings a dead device back after three operations, and takes a live one away after four', () => {
    const told = wrong.map(({ kind, history }) => [kind, history.map(({ says }) => says).join('; ')])
    expect(told).toEqual([
      ['dead device back', 'MAPD DeviceID 0 ITT A; SAVE_TABLES; MAPD DeviceID 0 V=0'],
      ['dead device back + live device lost', 'MAPD DeviceID 0 ITT A; SAVE_TABLES; MAPD DeviceID 0 V=0; MAPD DeviceID 1 ITT A'],
      [
        'dead event back in a live device',
        'MAPC ICID 0 to vCPU 0; MAPD DeviceID 0 ITT A; MAPTI DeviceID 0 EventID 0 LPI 8192 ICID 0; SAVE_TABLES; DISCARD DeviceID 0 EventID 0',
      ],
    ])
  })

  it('is said to be gone through to a depth only, where that was asked for', () => {
    expect([ended, depth]).toEqual(['depth', 5])
  })

  it('does so again when the history is done by the command queue of another VM', () => {
    for (const { history, had } of wrong) {
      const vm = new ScopeVm(scopes.keeping)
      vm.play(history)
      expect(had.includes('DeviceID')).toBe(vm.its.devices.count > 0)
      expect(vm.its.creadr).toBe(vm.its.cwriter)
      expect(vm.its.cwriter).toBe(history.filter(({ does }) => does === 'commands').length * 32)
    }
  })
})

describe('an exploration', () => {
  it('shows every state and every image once, each with a history that leads there', () => {
    let [states, images] = [0, 0]
    const explored = explore(clearing, {
      mostDepth: 4,
      visitor: {
        state: (visit) => {
          expect(visit.index).toBe(states++)
          const steps = visit.history()
          expect(steps).toHaveLength(visit.depth)
          const vm = new ScopeVm(clearing)
          vm.play(steps)
          expect(stateDifference(vm.its, visit.its)).toBeUndefined()
        },
        image: ({ its, memory, history }) => {
          images++
          const vm = new ScopeVm(clearing)
          vm.play(history())
          vm.save()
          expect(stateDifference(vm.its, its)).toBeUndefined()
          for (const base of [vm.ram.deviceTables[0]!, vm.ram.itts[0]!, vm.ram.itts[1]!]) {
            expect(vm.memory.read(base, 256)).toEqual(memory.read(base, 256))
          }
        },
      },
    })
    expect([states, images]).toEqual([explored.states, explored.images])
  })

  it('is the same whoever looks on and changes what he is shown', () => {
    const plain = explore(clearing)
    const watched = explore(clearing, {
      every: 7,
      visitor: {
        image: ({ its, memory }) => {
          its.reset()
          memory.setWord(0x4000_0000 as never, 0, 0)
        },
      },
    })
    expect(watched).toEqual(plain)
  })

  it('ends where it is told to, and says by what', () => {
    expect(explore(clearing, { mostStates: 100 }).ended).toBe('states')
    expect(explore(clearing, { isTimeUp: () => true })).toMatchObject({ ended: 'time', depth: -1 })
  })

  it('is refused for what cannot be gone through', () => {
    expect(() => explore({ ...clearing, deviceIds: [1, 0] })).toThrow(
      'a DeviceID of a scope 0 is no whole number from 2 to 65535',
    )
    expect(() => explore({ ...clearing, lpis: 9 })).toThrow('the lpis of a scope 9')
    expect(() => scopeNamed('toString')).toThrow("'toString' is no scope")
  })
})
