# bash completion for vits, as 'vits completion bash' prints it.

# The words of $1 that begin with what is typed.
_vits_words() {
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# The same after the last comma of a list.
_vits_list() {
  local before=''
  [[ $cur == *,* ]] && before="${cur%,*},"
  COMPREPLY=($(compgen -P "$before" -W "$1" -- "${cur##*,}"))
  compopt -o nospace 2> /dev/null
}

# Paths beside what is there: -f for files, -d for folders.
_vits_paths() {
  local IFS=$'\n'
  compopt -o filenames 2> /dev/null
  COMPREPLY+=($(compgen "$1" -- "$cur"))
}

_vits() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' i
  COMPREPLY=()
  # --view=guest comes as three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${COMP_WORDS[i]}" in
      ' check' | ' repair' | ' undo' | ' show' | ' diff' | ' explore' | ' extract' | ' pages' | ' live' | ' lint' | ' explain' | ' kernels' | ' formats' | ' conform' | ' prove' | ' selftest' | ' demo' | ' completion') command=${COMP_WORDS[i]} ;;
      'selftest heads' | 'selftest vlpi' | 'demo orphan') command+=" ${COMP_WORDS[i]}" ;;
    esac
  done
  case "$command" in
    'check')
      case "$prev" in
        --format) _vits_words 'text table json jsonl sarif junit markdown' ;;
        --jobs) : ;;
        --manifest) _vits_paths -f ;;
        --shard) : ;;
        --resume) _vits_paths -f ;;
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024 host all' ;;
        --vgic-its-state) _vits_paths -f ;;
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--json --format --jobs --manifest -0 --null --shard --resume --kernel --why-hang -v --verbose --strict --guest-kernel --vgic-its-state --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'repair')
      case "$prev" in
        -o | --output) _vits_paths -f ;;
        --fix) _vits_list 'R101 R102 R103 R104 R105 R106 R107 R108 R109 C101 C102 C103 C104 C105 C106 C107 D201 D202 D203 D204 D205 D206 D207 D208 D209 D210 D211 D212 D213 D214 D215 D216 I301 I302 I303 I304 I305 I310 I306 I307 I308 I309 I311 I312 L401 L402 L403 L404 L405 L406 Q601 Q602 Q603 Q604 Q605 M701 M702 M703 M704 M705 M706 M707 M708 M709 M710 N801 N802 N803' ;;
        --heads) _vits_words 'keep ours none' ;;
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024 host' ;;
        --vgic-its-state) _vits_paths -f ;;
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '-o --output --in-place --force -n --dry-run -p --proven --fix -y --yes --rebuild --strict --seal --heads --kernel --guest-kernel --vgic-its-state --exit-code --json --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'undo')
      case "$prev" in
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'show')
      case "$prev" in
        --view) _vits_words 'tables restored guest pending registers' ;;
        --device) : ;;
        --lpi) : ;;
        --name) : ;;
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024 host' ;;
        --its) : ;;
        --vgic-its-state) _vits_paths -f ;;
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--view --raw --device --lpi --name --kernel --its --guest-kernel --vgic-its-state --json --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'diff')
      case "$prev" in
        --view) _vits_words 'all guest tables restored' ;;
        --its) : ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--view --its --json --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'explore')
      case "$prev" in
        -o | --output) _vits_paths -f ;;
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024' ;;
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '-o --output --kernel --scrub --guest-kernel --force --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'extract')
      case "$prev" in
        -o | --output) _vits_paths -f ;;
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '-o --output --scrub --guest-kernel --force --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'pages')
      case "$prev" in
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--json --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'live')
      case "$prev" in
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024 host all' ;;
        -o | --output) _vits_paths -f ;;
        --max-pause) : ;;
        --dir) _vits_paths -d ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--json --kernel -o --output --force --max-pause --dir --strict --guest-kernel -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'lint')
      case "$prev" in
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--script --json --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'explain')
      case "$prev" in
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--json -h --help'
          else
            _vits_words 'R101 R102 R103 R104 R105 R106 R107 R108 R109 C101 C102 C103 C104 C105 C106 C107 D201 D202 D203 D204 D205 D206 D207 D208 D209 D210 D211 D212 D213 D214 D215 D216 I301 I302 I303 I304 I305 I310 I306 I307 I308 I309 I311 I312 L401 L402 L403 L404 L405 L406 Q601 Q602 Q603 Q604 Q605 M701 M702 M703 M704 M705 M706 M707 M708 M709 M710 N801 N802 N803 EPERM ENXIO E2BIG ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV EINVAL ENOSPC R-ring-mapped R-ring-named R-ring-unmapped R-ring-lap R-ring-whole R-ring-wrapped R-ring-restart R-ring-refused R-ring-tail R-ring-pending R-ring-damaged R-ring-none R-pci-on R-pci-vector R-pci-iova R-pci-masked R-pci-multi R-pci-none R-pci-off R-pci-kept R-pci-stale R-pci-asleep R-pci-guest R-pci-elsewhere R-pci-page R-pci-alias R-pci-absent R-kernel-listed R-kernel-unlisted R-kernel-event R-kernel-allocated R-kernel-free R-kernel-waits R-kernel-rdist R-kernel-none R-debugfs-listed R-debugfs-unlisted R-debugfs-event R-debugfs-lpi R-debugfs-bare R-debugfs-moment R-debugfs-none R-chain-gap R-lpi-on R-lpi-off R-lpi-xen R-lpi-taken R-itt-foreign R-itt-taken R-ram-unplaced R-virtq-ahead R-virtq-emptied R-virtq-left R-pend-clear R-vcpu-wait R-vcpu-target R-vcpu-other R-vcpu-run R-vcpu-unknown'
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'kernels')
      case "$prev" in
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--json -h --help'
          else
            _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024'
          fi
          ;;
      esac
      ;;
    'formats')
      case "$prev" in
        *)
          _vits_words '--json -h --help'
          ;;
      esac
      ;;
    'conform')
      case "$prev" in
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024' ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--kernel --order --json --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'prove')
      case "$prev" in
        --kernel) _vits_paths -f ;;
        --profile) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024' ;;
        --scope) _vits_list 'clearing clearing-far clearing-two-level clearing-over-events clearing-remaps clearing-reset clearing-pending clearing-movall clearing-scribble clearing-moved-table clearing-pages-come clearing-migrates clearing-to-keeping clearing-restored-twice clearing-three-devices clearing-dirty-itt clearing-old-tables clearing-any keeping keeping-linux keeping-unmapc keeping-scribble seal seal-far seal-two-level seal-clearing seal-remaps seal-again seal-pending seal-scribble seal-migrates seal-three-devices seal-restored-twice seal-dirty-itt seal-old-tables seal-any heads heads-far heads-two-level heads-dirty-itt heads-old-tables sealed-heads proposal proposal-far proposal-two-level proposal-to-released' ;;
        --depth) : ;;
        --within) : ;;
        -o | --output) _vits_paths -f ;;
        --jobs) : ;;
        --mem) _vits_paths -f ;;
        --registers) _vits_paths -f ;;
        --base) _vits_paths -f ;;
        --max-memory) : ;;
        --timeout) : ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '--kernel --profile --scope --depth --within -o --output --force --jobs --json --mem --registers --base --max-memory --timeout -h --help'
          else
            _vits_paths -f
          fi
          ;;
      esac
      ;;
    'selftest')
      case "$prev" in
        -n | --tables) : ;;
        --flow) _vits_words 'v1 v4' ;;
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024' ;;
        --save) _vits_words 'plain seal' ;;
        --head) _vits_words 'kernel none proposed ours' ;;
        *)
          if [[ $cur == -* ]]; then
            _vits_words '-s --same-collection -c --clear -n --tables --flow --kernel --save --head --json -h --help'
          else
            _vits_words 'heads vlpi'
          fi
          ;;
      esac
      ;;
    'selftest heads')
      case "$prev" in
        *)
          _vits_words '--json -h --help'
          ;;
      esac
      ;;
    'selftest vlpi')
      case "$prev" in
        --vcpus) : ;;
        --lpis) : ;;
        --software) : ;;
        --seed) : ;;
        *)
          _vits_words '--vcpus --lpis --software --sgis --seed --json -h --help'
          ;;
      esac
      ;;
    'demo')
      case "$prev" in
        *)
          if [[ $cur == -* ]]; then
            _vits_words '-h --help'
          else
            _vits_words 'orphan'
          fi
          ;;
      esac
      ;;
    'demo orphan')
      case "$prev" in
        --kernel) _vits_words 'linux-4.13 linux-5.10 linux-5.10.223 linux-6.6 linux-6.1.174 linux-6.1.190 linux-6.1.192 linux-6.12 linux-6.12.90 linux-6.12.111 linux-6.12.113 linux-6.12.117 linux-6.19.14 linux-7.0.13 linux-7.1.13 linux-7.2.6 linux-7.2.13 linux-7.3 linux-7.3.4 proposal-2017 proposal-2024' ;;
        *)
          _vits_words '--kernel -h --help'
          ;;
      esac
      ;;
    'completion')
      case "$prev" in
        *)
          if [[ $cur == -* ]]; then
            _vits_words '-h --help'
          else
            _vits_words 'bash zsh fish'
          fi
          ;;
      esac
      ;;
    *)
      if [[ $cur == -* ]]; then
        _vits_words '-V --version -h --help'
      else
        _vits_words 'check repair undo show diff explore extract pages live lint explain kernels formats conform prove selftest demo completion help'
      fi
      ;;
  esac
}

complete -F _vits vits
