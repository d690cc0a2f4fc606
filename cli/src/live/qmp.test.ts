import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Monitor } from './monitor.ts'
import { Qmp, QmpLost, QmpRefusal } from './qmp.ts'

const GREETING = '{"QMP": {"version": {"qemu": {"major": 11, "minor": 1, "micro": 3}, "package": ""}, "capabilities": []}}\r\n'

/** A monitor that says what `answer` makes of each line that it hears, in pieces of so many characters. */
function monitor(answer: (line: string) => string, { greeting = GREETING, piece = 1 << 20 } = {}): Monitor {
  const say = (text: string) => {
    for (let at = 0; at < text.length; at += piece) stream.push(text.slice(at, at + piece))
  }
  const stream: Duplex = new Duplex({
    read: () => {},
    write: (bytes: Buffer, _encoding, done) => {
      for (const line of bytes.toString().split('\n').filter(Boolean)) say(answer(line))
      done()
    },
  })
  say(greeting)
  return { stream, after: () => () => {} }
}

const answering =
  (answers: Readonly<Record<string, string>>) =>
  (line: string): string => {
    const { execute, id } = JSON.parse(line) as { execute: string; id: number }
    return (answers[execute] ?? '{"return": {}, "id": ID}\n').replaceAll('ID', `${id}`)
  }

describe('the machine protocol of QEMU', () => {
  it.each([1, 2, 7, 4096])('is understood however it comes: %i characters at a time', async (piece) => {
    const answers = {
      stop: '{"timestamp": {"seconds": 5, "microseconds": 250000}, "event": "STOP"}\r\n{"return": {}, "id": ID}\r\n',
      'qom-get': '{"return": "virt–7.2", "id": ID}\r\n',
    }
    const qmp = await Qmp.open(monitor(answering(answers), { piece }))
    const heard: unknown[] = []
    qmp.onEvent = (event) => heard.push(event)
    expect([qmp.version, await qmp.execute('stop'), await qmp.execute('qom-get')]).toEqual(['11.1.3', {}, 'virt–7.2'])
    expect(heard).toEqual([{ event: 'STOP', at: 5250 }])
  })

  it('tells the class and the words of an error, and goes on', async () => {
    const answers = {
      'no-such': '{"id": ID, "error": {"class": "CommandNotFound", "desc": "The command no-such has not been found"}}\n',
    }
    const qmp = await Qmp.open(monitor(answering(answers)))
    const error = await qmp.execute('no-such').catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(QmpRefusal)
    expect(error).toMatchObject({
      kind: 'CommandNotFound',
      message: 'no-such: The command no-such has not been found (CommandNotFound)',
    })
    expect(await qmp.execute('stop')).toEqual({})
  })

  it.each([
    ['no JSON', 'Segmentation fault\n'],
    ['no object', '[]\n'],
    ['null', 'null\n'],
    ['an answer to nothing', '{"return": {}, "id": 4711}\n'],
    ['an answer without a number', '{"return": {}}\n'],
    ['neither an answer nor an error', '{"id": ID}\n'],
    ['a line without end', 'x'.repeat(5 << 20)],
  ])('is lost when there comes %s, and everybody who waits is told', async (_what, answer) => {
    const qmp = await Qmp.open(monitor(answering({ stop: answer, cont: '' })))
    const waiting = qmp.execute('cont')
    const [first, second] = await Promise.allSettled([waiting, qmp.execute('stop')])
    expect([first, second].map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(waiting).rejects.toBeInstanceOf(QmpLost)
    await expect(qmp.execute('cont')).rejects.toBeInstanceOf(QmpLost)
  })

  it('is lost when nobody greets, or somebody else does, or an answer does not come in its time', async () => {
    await expect(
      Qmp.open(
        monitor(() => '', { greeting: '' }),
        20,
      ),
    ).rejects.toThrow('QEMU did not greet')
    await expect(
      Qmp.open(
        monitor(() => '', { greeting: 'SSH-2.0-OpenSSH_9.2\r\n' }),
        1000,
      ),
    ).rejects.toThrow('no QMP')
    await expect(
      Qmp.open(
        monitor(() => '', { greeting: '{"return": {}}\r\n' }),
        1000,
      ),
    ).rejects.toThrow('no greeting of QMP')
    const qmp = await Qmp.open(monitor(answering({ stop: '' })))
    await expect(qmp.execute('stop', {}, 20)).rejects.toThrow('QEMU did not answer stop in 0.02 s')
    await expect(qmp.execute('cont')).rejects.toBeInstanceOf(QmpLost)
  })
})
