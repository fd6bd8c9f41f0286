"""How each command is used: options (`--name=` takes a value), arguments, help.

Generated from the commands by `make docs`. A module, because Python loads its own cached code faster than any
file of data.
"""

# fmt: off
USAGE: dict[str, object] = \
{'options': '--help --install-completion --show-completion --verbose --version -h -v',
 'help': 'Usage: rhevmig [OPTIONS] COMMAND [ARGS]...\n'
         '\n'
         '  Live migration for oVirt, RHV and Oracle Linux Virtualization Manager.\n'
         '\n'
         'Options:\n'
         '  --version             print the version\n'
         '  -v, --verbose         log to stderr what is done\n'
         '  --install-completion  Install completion for the current shell.\n'
         '  --show-completion     Show completion for the current shell, to copy it or\n'
         '                        customize the installation.\n'
         '  -h, --help            Show this message and exit.\n'
         '\n'
         'Commands:\n'
         '  snapshot  Read the engine once and save the inventory; without FILE...\n'
         '  schema    Print the JSON Schema of a snapshot file.\n'
         '  check     Is it fit for live migration? Exit code 3: findings at or...\n'
         '  why       Explain whether a VM may run on each host of its cluster, by...\n'
         '  matrix    Show where each running VM could migrate, or compare all...\n'
         '  explain   Print the page of a check: what it verifies, why, and what to...\n'
         '  report    Write the report: verdict per cluster, findings, settings,...\n'
         '  migrate   Migrate one VM and report the verified outcome.\n'
         '  run       Run a plan with a journal that survives a crash.\n'
         '  status    Show the last campaign of a journal, from any process, while...\n'
         '  resume    Continue an interrupted campaign: find out how open...\n'
         '  cancel    Stop a campaign: start no more migrations and cancel the open...\n'
         '  plan      Plan a migration or an evacuation; nothing is changed.\n'
         '  cassette  Recorded exchanges between programs and engines.\n'
         '  lab       A simulated engine for rehearsals and tests.\n'
         '\n'
         '  Exit codes: 0 fine; 1 rhevmig or the engine failed; 2 wrong usage or bad\n'
         '  input; 3 findings at or above the gate, or a migration did not succeed; 4\n'
         '  cannot be judged.\n',
 'commands': {'snapshot': {'options': '--ca-file= --clock-speed= --help --insecure --json --snapshot= '
                                      '--targets --timeout= --url= --username= -h -s='},
              'schema': {'options': '--help -h'},
              'check': {'options': '--all --ca-file= --clock-speed= --gate= --help --insecure --json '
                                   '--policy= --snapshot= --timeout= --url= --username= -h -s='},
              'why': {'options': '--ask-engine --ca-file= --clock-speed= --help --insecure --json '
                                 '--snapshot= --timeout= --url= --username= -h -s=',
                      'required': ['vm']},
              'matrix': {'options': '--ca-file= --clock-speed= --compare --help --insecure --json '
                                    '--snapshot= --timeout= --url= --username= -h -s='},
              'explain': {'options': '--help -h'},
              'report': {'options': '--ca-file= --clock-speed= --help --insecure --journal= --json --policy= '
                                    '--snapshot= --timeout= --title= --url= --username= -h -s=',
                         'required': ['file']},
              'migrate': {'options': '--ca-file= --clock-speed= --dry-run --force --help --insecure '
                                     '--journal= --json --timeout= --to= --url= --username= -h',
                          'required': ['vm']},
              'run': {'options': '--ca-file= --clock-speed= --dry-run --help --insecure --journal= --json '
                                 '--keep-active --return-host --return-vms --timeout= --url= --username= -h',
                      'required': ['plan']},
              'status': {'options': '--help --json -h'},
              'resume': {'options': '--ca-file= --clock-speed= --help --insecure --json --timeout= --url= '
                                    '--username= -h'},
              'cancel': {'options': '--ca-file= --clock-speed= --help --insecure --json --keep-migrating '
                                    '--timeout= --url= --username= -h'},
              'plan': {'options': '--help -h',
                       'help': 'Usage: rhevmig plan [OPTIONS] COMMAND [ARGS]...\n'
                               '\n'
                               '  Plan a migration or an evacuation; nothing is changed.\n'
                               '\n'
                               'Options:\n'
                               '  -h, --help  Show this message and exit.\n'
                               '\n'
                               'Commands:\n'
                               '  evacuate  Plan how to empty a host: a destination for every VM, or the...\n'
                               '  migrate   Plan the migration of one VM: possible destinations, what...\n',
                       'commands': {'evacuate': {'options': '--ca-file= --clock-speed= --exclude= --force '
                                                            '--help --insecure --json --output= --snapshot= '
                                                            '--timeout= --url= --username= -h -o= -s=',
                                                 'required': ['host']},
                                    'migrate': {'options': '--ca-file= --clock-speed= --force --help '
                                                           '--insecure --json --output= --snapshot= '
                                                           '--timeout= --to= --url= --username= -h -o= -s=',
                                                'required': ['vm']}}},
              'cassette': {'options': '--help -h',
                           'help': 'Usage: rhevmig cassette [OPTIONS] COMMAND [ARGS]...\n'
                                   '\n'
                                   '  Recorded exchanges between programs and engines.\n'
                                   '\n'
                                   'Options:\n'
                                   '  -h, --help  Show this message and exit.\n'
                                   '\n'
                                   'Commands:\n'
                                   '  record  Run a command and record the requests that its Python '
                                   'programs...\n'
                                   '  show    Summarise a cassette: exchanges, engine version, age, '
                                   'secrets.\n'
                                   '  scrub   Hide passwords, tokens, cookies and session ids in an '
                                   'existing...\n'
                                   '  serve   Serve cassettes as an engine that replays the recorded '
                                   'answers,...\n',
                           'commands': {'record': {'options': '--help --key= --pseudonyms --replace -h',
                                                   'required': ['file', 'command'],
                                                   'ignores_unknown_options': True},
                                        'show': {'options': '--help --json -h', 'required': ['file']},
                                        'scrub': {'options': '--help --json --key= --output= --pseudonyms -h '
                                                             '-o=',
                                                  'required': ['file']},
                                        'serve': {'options': '--accept-password= --cert-key= --cert= --help '
                                                             '--host= --ignore-query= --port= --print-url '
                                                             '--shift-time --trouble= --username= -h',
                                                  'required': ['files']}}},
              'lab': {'options': '--help -h',
                      'help': 'Usage: rhevmig lab [OPTIONS] COMMAND [ARGS]...\n'
                              '\n'
                              '  A simulated engine for rehearsals and tests.\n'
                              '\n'
                              'Options:\n'
                              '  -h, --help  Show this message and exit.\n'
                              '\n'
                              'Commands:\n'
                              '  serve  Serve a simulated engine until interrupted; its URL is printed...\n'
                              "  ca     Print the certificate of the CA that signs a lab's certificate.\n",
                      'commands': {'serve': {'options': '--ca-folder= --engine-costs --from= --help --port= '
                                                        '--scenario= --speed= -h'},
                                   'ca': {'options': '--help -h', 'required': ['folder']}}}}}
