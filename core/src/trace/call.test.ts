import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lintTrace, parseTrace, TraceError, traceScript } from './index.ts'

describe('a line of a trace', () => {
  it('may have its numbers as JSON, in decimal or in hexadecimal, and keys that nobody knows', () => {
    const lines = [
      '{"op":"set","t":"1","pid":7,"tid":8,"fd":"0xb","group":8,"attr":"256","value":"0xffffffffffffffff","ret":-22}',
      '',
      '{"op":"comment","text":"what I did"}',
      '{"op":"run"}\r',
    ]
    expect(parseTrace(lines.join('\n'))).toEqual([
      { op: 'set', line: 1, pid: 7, ret: -22, t: 1n, fd: 11, group: 8, attr: 256n, value: 0xffff_ffff_ffff_ffffn },
      { op: 'run', line: 4, pid: 0, ret: 0 },
    ])
  })

  it('stands where its time says, if every line has one', () => {
    const lines = ['{"op":"run","t":"3"}', '{"op":"create-vm","t":1}', '{"op":"comment"}', '{"op":"vcpu","id":0,"t":"0x2"}']
    const order = (some: readonly string[]) => parseTrace(some.join('\n')).map(({ line }) => line)
    expect(order(lines)).toEqual([2, 4, 1])
    expect(order([...lines, '{"op":"run"}'])).toEqual([1, 2, 4, 5])
  })

  it.each([
    ['is not JSON', '{"op":"run"', 'line 2: is not JSON: "{\\"op\\":\\"run\\""'],
    ['is no object', '[1]', 'line 2: is no JSON object'],
    ['is null', 'null', 'line 2: is no JSON object'],
    ['has no op', '{}', 'line 2: "op" is missing, and none of create-vm, memory, vcpu'],
    ['has an op of JavaScript’s', '{"op":"constructor"}', 'line 2: "op" is "constructor", and none of'],
    ['lacks a number', '{"op":"create","fd":1}', 'line 2: "type" is missing, and no whole number'],
    ['has a fraction', '{"op":"vcpu","id":0.5}', 'line 2: "id" is 0.5, and no whole number'],
    ['has a negative number', '{"op":"vcpu","id":-1}', 'line 2: "id" is -1, and no whole number'],
    ['has a word', '{"op":"vcpu","id":"one"}', 'line 2: "id" is "one", and no whole number'],
    ['has 33 bits for 32', '{"op":"vcpu","id":"0x100000000"}', 'line 2: "id" is "0x100000000", more than 32 bits hold'],
    [
      'has a number that JSON has rounded',
      '{"op":"set","fd":1,"group":8,"attr":9223372036854775808}',
      'line 2: "attr" is 9223372036854776000, and no whole number: JSON keeps 53 bits of a number, write it as text',
    ],
    ['has a result that is none', '{"op":"run","ret":"EINVAL"}', 'line 2: "ret" is "EINVAL", and no result of an ioctl'],
  ])('is refused with its number when it %s', (_, line, message) => {
    const parse = () => parseTrace(`{"op":"run"}\n${line}`)
    expect(parse).toThrow(TraceError)
    expect(parse).toThrow(message)
  })

  it('is read or refused, and judged, whatever it says', () => {
    const number = fc.oneof(
      fc.nat(12),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => `0x${value.toString(16)}`),
    )
    const op = fc.constantFrom('create-vm', 'memory', 'vcpu', 'create', 'set', 'get', 'dirty-log', 'msi', 'run', 'else')
    const names = [
      't',
      'pid',
      'vm',
      'fd',
      'ret',
      'group',
      'attr',
      'value',
      'type',
      'id',
      'slot',
      'base',
      'bytes',
      'data',
    ] as const
    const members = fc.record(
      { ...Object.fromEntries(names.map((name) => [name, number])), ret: fc.integer({ min: -22, max: 12 }) } as Record<
        string,
        fc.Arbitrary<unknown>
      >,
      { requiredKeys: ['group', 'attr'] },
    )
    const line = fc.oneof(
      { weight: 9, arbitrary: fc.tuple(op, members).map(([is, more]) => JSON.stringify({ ...more, op: is })) },
      fc.string(),
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 40 }), (lines) => {
        try {
          for (const {
            lines: [from, to],
          } of lintTrace(parseTrace(lines.join('\n'))))
            expect(from).toBeLessThanOrEqual(to)
        } catch (error) {
          expect(error).toBeInstanceOf(TraceError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a trace made to hurt', () => {
  const judge = (lines: readonly object[]) => lintTrace(parseTrace(lines.map((line) => JSON.stringify(line)).join('\n')))
  const many = (count: number, line: (n: number) => object) => Array.from({ length: count }, (_, n) => line(n))

  it('has more vCPUs or devices than a VM has, and is refused at the line', () => {
    const vcpus = many(513, (n) => ({ op: 'get', fd: 1, group: 5, attr: `0x${n.toString(16)}00000000` }))
    expect(() => judge(vcpus)).toThrow('line 513: a VM has 512 vCPUs at most')
    const devices = many(66, (fd) => ({ op: 'create', fd, type: 8 }))
    expect(() => judge(devices)).toThrow('line 66: a VM with more than 64 GIC devices')
  })

  it('is judged in a time that its length gives, however often the guest runs or a save is tried', () => {
    const save = { op: 'set', fd: 1, group: 4, attr: 1 }
    const runs = many(40_000, (n) => (n % 2 === 0 ? save : { op: 'run' }))
    expect(judge(runs)).toHaveLength(20_000)
    expect(judge([...many(100_000, () => save), { op: 'get', fd: 1, group: 8, attr: '0x80' }])).toHaveLength(1)
  })
})

it('the bpftrace program prints lines of every op, as they are read', () => {
  const printed = [...traceScript().matchAll(/\{\\"op\\":\\"(\w[\w-]*)\\"/g)].map(([, op]) => op)
  expect(new Set([...printed, 'set', 'get'])).toEqual(
    new Set(['create-vm', 'memory', 'vcpu', 'create', 'set', 'get', 'dirty-log', 'msi', 'run']),
  )
})
