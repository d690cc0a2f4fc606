const { law } = require('./import-law.cjs')

const test = '\\.test\\.ts$|/testing/'
module.exports = {
  forbidden: [
    ...Object.entries(law).map(([room, may]) => ({
      name: `${room}-imports-only-${may.join('-') || 'itself'}`,
      severity: 'error',
      from: { path: `^core/src/${room}/`, pathNot: test },
      to: { path: '^core/src/[^/]+/', pathNot: [room, ...may].map((r) => `^core/src/${r}/`) },
    })),
    {
      name: 'through-the-door',
      severity: 'error',
      from: { path: '^core/src/([^/]+)/', pathNot: test },
      to: { path: '^core/src/[^/]+/', pathNot: ['^core/src/$1/', '/index\\.ts$'] },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^core/src/', pathNot: test },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'unknown'] },
    },
    {
      name: 'environments-do-not-meet',
      severity: 'error',
      from: { path: '^(cli|explorer|lab)/', pathNot: `${test}|^explorer/browser/` },
      to: { path: '^(cli|explorer|lab)/', pathNot: ['^$1/', '^cli/src/(render/|options/profile-named|style)'] },
    },
    {
      name: 'only-the-page-prints-what-the-program-prints',
      severity: 'error',
      from: { path: '^lab/|^explorer/', pathNot: `${test}|^explorer/browser/|^explorer/src/worker/words.ts$` },
      to: { path: '^cli/src/(render/|options/profile-named|style)' },
    },
    {
      name: 'scene-knows-no-page',
      severity: 'error',
      from: { path: '^explorer/src/scene/' },
      to: { path: '^explorer/src/', pathNot: '^explorer/src/scene/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: { path: 'node_modules' }, exclude: { path: '/dist/' } },
}
