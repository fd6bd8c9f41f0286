"""Empty a host: plan, look at the plan, run it with a journal, report what was done.

The engine is named by OVIRT_URL, OVIRT_USERNAME, OVIRT_PASSWORD and OVIRT_CAFILE; the host by the argument.
Try it on the lab first: `rhevmig lab serve --scenario demo`, host intel01.
"""

import sys

import rhevmig

with rhevmig.connect() as engine:
    inventory = engine.inventory()
    plan = rhevmig.plan_evacuation(inventory, sys.argv[1], force=True)
    print(plan)
    if plan.blocked:
        sys.exit("not tonight: some VMs cannot go")
    campaign = rhevmig.run(
        plan, engine, journal="nightly.db", return_host=True, on_progress=print, clock=engine.clock
    )
    print(campaign)
    after = engine.inventory()
    rhevmig.Report(after, rhevmig.check(after), campaign).write("evacuation.html")
    sys.exit(campaign.exit_code)
