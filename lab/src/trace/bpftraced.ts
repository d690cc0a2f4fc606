import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { traceScript } from '@vits/core/trace'
import type { NestedHost } from '../guests/nested-host.ts'

const SCRIPT = '/tmp/vits-trace.bt'
const TRACE = '/tmp/trace.jsonl'
const WORDS = '/tmp/bpftrace.out'
/** bpftrace starts it when all probes are there. */
const ATTACHED = '/tmp/attached'
/** It compiles for three seconds. */
const ATTACH_SECONDS = 300

/**
 * Lets a real bpftrace watch the VMMs of a host with the program that `vits lint --script` prints, and returns what it printed.
 *
 * @throws Error with its own words when it does not start.
 */
export async function bpftraced(host: NestedHost, body: () => Promise<void>): Promise<string> {
  const { shell } = host
  await shell.must(`rm -f ${ATTACHED}\ncat >${SCRIPT} <<'END OF SCRIPT'\n${traceScript()}END OF SCRIPT`)
  await shell.must(`printf ': >${ATTACHED}; while true; do sleep 1; done' >/tmp/watched`)
  const command = `bpftrace -q -c '/bin/busybox sh /tmp/watched' ${SCRIPT}`
  await shell.must(`chroot /bpftrace ${command} >${TRACE} 2>${WORDS} &`)
  await shell.run(`while [ ! -e ${ATTACHED} ] && killall -0 bpftrace; do sleep 1; done`, ATTACH_SECONDS)
  await shell.must(`[ -e ${ATTACHED} ] || { cat ${WORDS}; false; }`)
  await body()
  await shell.must('killall -INT bpftrace; while killall -0 bpftrace 2>/dev/null; do sleep 1; done')
  return textOf(host, TRACE)
}

/** A trace may be longer than what is kept of a shell's words. */
async function textOf(host: NestedHost, remote: string): Promise<string> {
  const folder = mkdtempSync(`${tmpdir()}/vits-trace-`)
  try {
    await host.get(remote, `${folder}/trace`)
    return readFileSync(`${folder}/trace`, 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}
