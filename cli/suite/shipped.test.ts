import { execFileSync, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixtureBytes } from '../../core/src/formats/testing/fixtures.ts'

let folder: string
/** What `vits check` says of the VM in the repository. */
let said: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vits-shipped-'))
  writeFileSync(join(folder, 'vm.mig'), fixtureBytes('ghosts.mig'))
  const { status, stdout } = spawnSync(process.execPath, [join(process.cwd(), 'cli/bin/vits.js'), 'check', 'vm.mig'], {
    cwd: folder,
  })
  expect(status).toBe(4)
  said = stdout.toString()
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the package, alone in an empty folder and offline', () => {
  let home: string
  beforeAll(() => {
    const packed = execFileSync('npm', ['pack', '--json', '--workspace', 'vits', '--pack-destination', folder], { stdio: 'pipe' })
    const [{ filename }] = JSON.parse(packed.toString())
    home = join(folder, 'home')
    mkdirSync(home)
    writeFileSync(join(home, 'package.json'), '{}')
    execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: home, stdio: 'pipe' })
    copyFileSync(join(folder, 'vm.mig'), join(home, 'vm.mig'))
  })

  it('says what the program in the repository says', () => {
    const { status, stdout } = spawnSync('npx', ['--offline', 'vits', 'check', 'vm.mig'], { cwd: home })
    expect([status, stdout.toString()]).toEqual([4, said])
  })

  it('needs no other package', () => {
    expect(readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['vits'])
  })

  it('has the program, the licenses of what is in it, and neither sources nor source maps', () => {
    const files = readdirSync(join(home, 'node_modules/vits'), { recursive: true }) as string[]
    expect(files.filter((name) => name.startsWith('dist/')).sort()).toEqual([
      'dist/LICENSES',
      'dist/report.html',
      'dist/vits.cjs',
      'dist/work.cjs',
    ])
    expect(files.filter((name) => /\.(map|ts)$/.test(name))).toEqual([])
    const licenses = readFileSync(join(home, 'node_modules/vits/dist/LICENSES'), 'utf8')
    expect(licenses.match(/^\S+ \d+\.\d+\.\d+ \(.*\)$/gm)).toEqual(['commander 14.0.3 (MIT)', 'picocolors 1.1.1 (ISC)'])
  })

  it('refuses to prove without the lab, and says where that is', () => {
    const { status, stderr } = spawnSync('npx', ['--offline', 'vits', 'prove', 'vm.mig'], { cwd: home })
    expect([status, stderr.toString()]).toEqual([8, expect.stringContaining('run vits from a clone')])
  })
})

describe('the single executable, where there is nothing but the libraries that it names', () => {
  let jail: string
  beforeAll(() => {
    execFileSync('npm', ['run', 'build:sea'], { stdio: 'pipe' })
    jail = join(folder, 'jail')
    const program = 'cli/dist/vits'
    const libraries = execFileSync('ldd', [program]).toString().match(/\/\S+/g) ?? []
    for (const path of libraries) {
      mkdirSync(dirname(join(jail, path)), { recursive: true })
      cpSync(path, join(jail, path), { dereference: true })
    }
    copyFileSync(program, join(jail, 'vits'))
    copyFileSync(join(folder, 'vm.mig'), join(jail, 'vm.mig'))
  }, 60_000)

  /** Root changes its root; others may do so in a namespace where they are root. */
  function jailed(...args: string[]) {
    const [program = '', ...words] = [
      ...(process.getuid?.() === 0 ? [] : ['unshare', '--map-root-user']),
      'chroot',
      jail,
      '/vits',
    ]
    const { status, stdout, stderr } = spawnSync(program, [...words, ...args], { env: { PATH: process.env['PATH'] } })
    return { status, out: stdout.toString(), err: stderr.toString() }
  }

  it('says what the program in the repository says', () => {
    expect(jailed('check', 'vm.mig')).toEqual({ status: 4, out: said, err: '' })
  })

  it('repairs, and checks what it has repaired', () => {
    expect(jailed('repair', 'vm.mig', '-o', 'fixed.mig')).toMatchObject({ status: 0, err: '' })
    expect(jailed('check', '--strict', 'fixed.mig')).toMatchObject({ status: 0, err: '' })
  })

  it('does in its main thread what needs no other', () => {
    expect(jailed('explain', 'D203')).toMatchObject({ status: 0, out: expect.stringContaining('orphan-dte'), err: '' })
  })

  it('starts a thread within a thread: the monitor of a VM that runs', () => {
    expect(jailed('live', '/no/socket')).toEqual({ status: 8, out: '', err: 'vits: /no/socket: no such file\n' })
  })
})
