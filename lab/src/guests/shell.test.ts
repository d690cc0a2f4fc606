import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Port } from './port.ts'
import { Qmp } from './qmp.ts'
import { Shell } from './shell.ts'

let folder: string
let server: Server
let port: Port

/** Opens a port whose far end begins with a greeting and answers each line. */
async function open(answer: (text: string, far: Socket) => void, greeting = ''): Promise<Port> {
  server = createServer((far) => {
    far.write(greeting)
    far.on('data', (data) => answer(String(data), far))
  })
  await new Promise<void>((resolve) => server.listen(`${folder}/port`, resolve))
  port = await Port.open(`${folder}/port`)
  return port
}

beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/vits-port-`)
})

afterEach(() => {
  port.close()
  server.close()
  rmSync(folder, { recursive: true, force: true })
})

const markOf = (text: string) => /<(\S+) \$\?>/.exec(text)![1]!

describe('a shell on a port', () => {
  it('tells what a command printed from what was said before it, and its status', async () => {
    const port = await open((text, far) => far.write(`hello\n<${markOf(text)} 3>\n`))
    expect(await new Shell(port).run('greet')).toEqual({ status: 3, output: 'hello\n' })
  })

  it('makes a status other than 0 an error, with what was printed', async () => {
    const port = await open((text, far) => far.write(`no such file\n<${markOf(text)} 1>\n`))
    await expect(new Shell(port).must('cat nothing')).rejects.toThrow('exit code 1 of cat nothing: no such file')
  })

  it('gives up on a machine that does not answer, and says what it did say', async () => {
    const port = await open((_, far) => far.write('Kernel panic'))
    await expect(new Shell(port).run('true', 0.2)).rejects.toThrow('no end of true in 0.2 s, but "Kernel panic"')
  })

  it('does not wait for a machine that is gone', async () => {
    const port = await open((_, far) => far.destroy())
    await expect(new Shell(port).run('true', 60)).rejects.toThrow('the port was closed')
  })
})

describe("QEMU's machine protocol on a port", () => {
  it('passes over events and late answers', async () => {
    const lines = [{ event: 'STOP' }, { return: 'late', id: 0 }, { return: { status: 'paused' }, id: 2 }]
    const answers = lines.map((line) => `${JSON.stringify(line)}\r\n`).join('')
    const port = await open((text, far) => {
      const { execute, id } = JSON.parse(text)
      far.write(execute === 'qmp_capabilities' ? `{"return": {}, "id": ${id}}\r\n` : answers)
    }, '{"QMP": {"version": {}}}\r\n')
    expect(await (await Qmp.open(port)).execute('query-status')).toEqual({ status: 'paused' })
  })

  it("throws QEMU's own words when it refuses a command", async () => {
    const refuse = (text: string) => `{"error": {"desc": "no device"}, "id": ${JSON.parse(text).id}}\n`
    const port = await open((text, far) => far.write(refuse(text)), '{"QMP": {}}\n')
    await expect(Qmp.open(port)).rejects.toThrow('qmp_capabilities: no device')
  })
})
