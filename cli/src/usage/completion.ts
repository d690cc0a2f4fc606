import { usage } from '../usage.ts'

/** What completes command lines of vits in a shell. */
export const completion = usage({
  name: 'completion',
  args: '<shell>',
  summary: 'print what completes command lines of vits in bash, zsh or fish',
  details:
    'Commands, options, their values (views, kernels, problems) and files. bash: into ~/.local/share/bash-completion/completions/vits.\n' +
    'zsh: into a file _vits of a folder in fpath. fish: into ~/.config/fish/completions/vits.fish. Or read by the running shell, as below.\n' +
    'The package has the same three files in its folder completions.',
  examples: ['completion bash', 'completion zsh > ~/.zsh/_vits', 'completion fish | source'],
  options: {},
})
