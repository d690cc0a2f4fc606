import { readdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { type RunningFixture, runningFixture } from '../../../core/src/formats/testing/running-vm.ts'
import { ExitCode } from '../exit-code.ts'
import { vits } from '../testing/fake-io.ts'
import { babble, FakeQemu, type FakeQemuOptions, type Fault, hangUp, refuse } from '../testing/fake-qemu.ts'

const healthy = await runningFixture('healthy')
const unrestorable = await runningFixture('scattered-unrestorable')

const started: FakeQemu[] = []
async function qemuOf(options: FakeQemuOptions = {}, fixture: RunningFixture = healthy): Promise<FakeQemu> {
  const qemu = await FakeQemu.start(fixture, options)
  started.push(qemu)
  return qemu
}
afterEach(async () => {
  for (const qemu of started.splice(0)) await qemu.stop()
})

const now = () => performance.now()
/** With more time than any machine under test needs, where it is not about that. */
const live = (qemu: FakeQemu, args: readonly string[] = [], others = {}) =>
  vits(['live', '--max-pause', '60000', ...args, qemu.socket], {}, { now, ...others })
/** Folders of vits in which QEMU writes. */
const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('vits-live-'))

const asking = ['qmp_capabilities', 'query-kvm', 'qom-get', 'query-memory-size-summary', 'query-memory-devices', 'query-status']

describe('vits live', () => {
  it('pauses a VM, reads the state of its devices and pages of its RAM, and lets it go on', async () => {
    const before = folders()
    const qemu = await qemuOf()
    const { code, out, err } = await live(qemu)
    expect([code, err, qemu.status]).toEqual([ExitCode.Ok, '', 'running'])
    expect(qemu.order).toEqual([...asking, 'stop', 'xen-save-devices-state', 'pmemsave', 'cont'])
    expect(qemu.came.find(({ execute }) => execute === 'xen-save-devices-state')!.arguments).toMatchObject({ live: false })
    expect([qemu.lookedAtRunning, qemu.leftFiles, folders()]).toEqual([0, [], before])
    expect(out).toMatch(/^QEMU 7\.2\.22: paused for \d+\.\d ms of 60000, and runs again; \d+\.\d MiB of RAM in \d+ pieces\.\n/)
    expect(out).toContain('A save of this VM now would restore on: linux-4.13 to linux-7.3.4.\n')
    expect(out).toContain('Saved now: Restores cleanly.')
  })

  it('says what a check of its save says', async () => {
    const qemu = await qemuOf({}, unrestorable)
    const { code, out } = await live(qemu, ['--json'])
    const found = JSON.parse(out)
    const saved = JSON.parse((await vits(['check', '--json', fixtureFile('scattered-unrestorable.mig.zst').pathname])).out)
    const { file: _, format, pause, qemu: version, reads, bytes, looks, ...rest } = found
    expect([code, format, pause.was, version]).toEqual([ExitCode.Problems, 'running QEMU VM', 'running', '7.2.22'])
    expect(pause.milliseconds).toBeGreaterThan(0)
    expect(bytes).toBeGreaterThan(reads * 4096 - 1)
    for (const [key, value] of Object.entries(rest)) expect([key, value]).toEqual([key, saved[key]])
    const text = await live(await qemuOf({}, unrestorable))
    expect(text.out).toContain('A save of this VM now would not restore on: linux-4.13 to linux-7.3.4.\n')
    expect(text.out).toContain('Saved now: The restore fails: EINVAL at DeviceID 0x5200 event 0')
    expect(text.out).not.toContain('vits repair')
  })

  it('writes a case that is judged the same', async () => {
    const qemu = await qemuOf({}, unrestorable)
    const file = join(qemu.folder, 'vm.vits')
    const { code, out } = await live(qemu, ['--json', '-o', file])
    const again = await vits(['check', '--json', file])
    expect([code, again.code, qemu.status]).toEqual([ExitCode.Problems, ExitCode.Problems, 'running'])
    const [found, saved] = [JSON.parse(out), JSON.parse(again.out)]
    expect([saved.findings, saved.format]).toEqual([found.findings, 'case of a running QEMU VM'])
    const refused = await live(qemu, ['-o', file])
    expect([refused.code, refused.err]).toEqual([
      ExitCode.Failed,
      expect.stringContaining('is there already; --force replaces it'),
    ])
    expect(qemu.order.filter((name) => name === 'stop')).toHaveLength(1)
  })

  it.each(['paused', 'io-error', 'guest-panicked'])('leaves a VM as it was that is %s', async (status) => {
    const qemu = await qemuOf({ status })
    const { code, out } = await live(qemu)
    expect([code, qemu.status]).toEqual([ExitCode.Ok, status])
    expect(qemu.order).toEqual([...asking, 'xen-save-devices-state', 'pmemsave'])
    expect(out).toContain('it was paused, and still is')
  })

  it.each(['inmigrate', 'prelaunch', 'suspended', 'finish-migrate'])('does not look at a VM that is %s', async (status) => {
    const qemu = await qemuOf({ status })
    const { code, err } = await live(qemu)
    expect([code, qemu.order]).toEqual([ExitCode.Failed, asking])
    expect(err).toContain(`it is "${status}"`)
  })

  it.each([
    ['without KVM', { kvm: false }, 'the VM runs without KVM'],
    ['of another machine', { machine: 'pc-q35-7.2-machine' }, 'is a "pc-q35-7.2" and not an arm64 "virt" machine'],
  ])('refuses one %s before it is paused', async (_what, options, says) => {
    const qemu = await qemuOf(options)
    const { code, err } = await live(qemu)
    expect([code, err.includes(says), qemu.came.some(({ execute }) => execute === 'stop')]).toEqual([
      ExitCode.Failed,
      true,
      false,
    ])
  })
})

/** Answers late, and as it should. */
const late =
  (milliseconds: number): Fault =>
  async (socket, { id }) => {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    socket.write(`${JSON.stringify({ id, return: {} })}\n`)
  }
/** Says that it has written what it has not. */
const lying: Fault = (socket, { id }) => void socket.write(`${JSON.stringify({ id, return: {} })}\n`)
const foreign: Fault = (socket) => void socket.write('{"id": 4711, "return": {}}\n')
const faults = { refuse, hangUp, babble, lying, foreign }

describe('a VM that vits has paused', () => {
  it.each(
    ['stop', 'xen-save-devices-state', 'pmemsave', 'cont'].flatMap((step) =>
      Object.keys(faults).map((how) => [step, how] as const),
    ),
  )('runs again when %s goes wrong: %s', async (step, how) => {
    const before = folders()
    const fault = faults[how as keyof typeof faults]
    const isTold = step === 'cont' && (how === 'refuse' || how === 'lying')
    const qemu = await qemuOf({ faults: { [step]: fault } })
    const { code, err } = await live(qemu)
    // A QEMU that refuses to go on, or only says that it does, has to be told by people.
    const stays = isTold ? 'paused' : 'running'
    expect([qemu.status, qemu.leftFiles, folders()]).toEqual([stays, [], before])
    if (step === 'cont' && how === 'refuse') expect(err).toContain('THE VM IS STILL PAUSED')
    // What went wrong after all had been read spoils nothing.
    if (step !== 'cont' || how === 'refuse') expect([code, err]).toEqual([ExitCode.Failed, expect.stringMatching(/^vits: .+/)])
  })

  it.each(['query-kvm', 'qom-get', 'query-memory-size-summary', 'query-memory-devices', 'query-status'])(
    'was never paused when %s goes wrong',
    async (step) => {
      for (const fault of [refuse, hangUp, babble]) {
        const qemu = await qemuOf({ faults: { [step]: fault } })
        expect((await live(qemu)).code).toBe(ExitCode.Failed)
        expect(qemu.came.map(({ execute }) => execute)).not.toContain('stop')
      }
    },
  )

  it('stays paused when something goes wrong and it was paused before', async () => {
    for (const fault of [refuse, hangUp, babble, lying]) {
      const qemu = await qemuOf({ status: 'paused', faults: { pmemsave: fault } })
      expect([(await live(qemu)).code, qemu.status, qemu.leftFiles]).toEqual([ExitCode.Failed, 'paused', []])
      expect(qemu.came.map(({ execute }) => execute)).not.toContain('cont')
    }
  })

  it('runs again when its time is spent, before anything is said, and nothing is said of it', async () => {
    const qemu = await qemuOf({ faults: { pmemsave: late(150) } })
    const { code, out, err } = await live(qemu, ['--max-pause', '40'])
    expect([code, out, qemu.status, qemu.leftFiles]).toEqual([ExitCode.Undecided, '', 'running', []])
    expect(err).toContain('undecided: the pause was over before all of it was read: 40 ms are spent (--max-pause)')
    expect(qemu.order.at(-1)).toBe('cont')
  })

  it('runs again before a signal ends the program', async () => {
    let undo: (() => Promise<void>) | undefined
    const onSignal = (given: () => Promise<void>) => {
      undo = given
      return () => {
        undo = undefined
      }
    }
    const qemu = await qemuOf({
      faults: {
        pmemsave: (socket, { id }) => {
          void undo!()
          socket.write(`${JSON.stringify({ id, return: {} })}\n`)
        },
      },
    })
    const { code, err } = await live(qemu, [], { onSignal })
    expect([code, qemu.status, undo]).toEqual([ExitCode.Undecided, 'running', undefined])
    expect(err).toContain('a signal came')
  })

  it('leaves no file that QEMU writes when the pause is over already', async () => {
    let written = () => {}
    const isWritten = new Promise<void>((resolve) => {
      written = resolve
    })
    const qemu: FakeQemu = await qemuOf({
      faults: {
        pmemsave: async (socket, { id, arguments: args }) => {
          qemu.event('RESUME')
          await new Promise((resolve) => setTimeout(resolve, 50))
          writeFileSync(String(args!['filename']), 'guest RAM')
          socket.write(`${JSON.stringify({ id, return: {} })}\n`)
          written()
        },
      },
    })
    const [{ code }] = await Promise.all([live(qemu, ['--dir', qemu.folder]), isWritten])
    expect([code, readdirSync(qemu.folder)]).toEqual([ExitCode.Undecided, ['qmp']])
  })

  it('is left to somebody else who lets it go on meanwhile', async () => {
    const qemu: FakeQemu = await qemuOf({
      faults: {
        pmemsave: (socket, { id }) => {
          qemu.status = 'running'
          qemu.event('RESUME')
          socket.write(`${JSON.stringify({ id, return: {} })}\n`)
        },
      },
    })
    const { code, err } = await live(qemu)
    expect([code, qemu.came.some(({ execute }) => execute === 'cont')]).toEqual([ExitCode.Undecided, false])
    expect(err).toContain('somebody else let the VM go on')
  })

  it('tells which folder it cannot write to', async () => {
    const denied: Fault = (socket, { id, arguments: args }) => {
      const desc = `Could not open '${args['filename']}': Permission denied`
      socket.write(`${JSON.stringify({ id, error: { class: 'GenericError', desc } })}\n`)
    }
    const qemu = await qemuOf({ faults: { 'xen-save-devices-state': denied } })
    const { code, err } = await live(qemu)
    expect([code, qemu.status]).toEqual([ExitCode.Failed, 'running'])
    expect(err).toContain('name a folder that QEMU can write to (--dir)')
  })

  it('writes into the folder that is named, and nothing stays there', async () => {
    const qemu = await qemuOf()
    const { code } = await live(qemu, ['--dir', qemu.folder])
    expect([code, qemu.files.length > 1, qemu.files.every((path) => path.startsWith(`${qemu.folder}/vits-live-`))]).toEqual([
      0,
      true,
      true,
    ])
    expect(qemu.leftFiles).toEqual([])
  })
})
