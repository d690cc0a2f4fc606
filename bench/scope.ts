// How fast are small VMs gone through? States and steps for each second of CPU time, which other work on the machine does not change much.
// Usage: tsx bench/scope.ts [SCOPE...]; without one: keeping, seal and heads.
import { explore, scopeNamed } from '@vits/core/scope'

const names = process.argv.length > 2 ? process.argv.slice(2) : ['keeping', 'seal', 'heads']

console.log('| scope | states | steps | images | CPU s | steps a CPU second | bytes a state |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |')
for (const name of names) {
  const scope = scopeNamed(name)
  // The code is brought to speed first.
  explore(scope, { mostDepth: 10 })
  const before = process.cpuUsage()
  const memory = process.memoryUsage().arrayBuffers
  const { states, steps, images } = explore(scope)
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / 1e6
  const bytes = Math.round((process.memoryUsage().arrayBuffers - memory) / states)
  const speed = Math.round(steps / seconds).toLocaleString('en')
  console.log(`| ${name} | ${states} | ${steps} | ${images} | ${seconds.toFixed(1)} | ${speed} | ${bytes} |`)
}
