"""Read an engine, judge it, write a report: the ten lines that most users start from.

The engine is named by OVIRT_URL, OVIRT_USERNAME, OVIRT_PASSWORD and OVIRT_CAFILE.
"""

import rhevmig

with rhevmig.connect() as engine:
    inventory = engine.inventory()
    inventory.save("dc.json")
    findings = rhevmig.check(inventory)
    for finding in findings.at_or_above("high"):
        print(finding.severity, finding.check_id, finding.scope.name, finding.message)
    for path in rhevmig.Report(inventory, findings).write("report.html"):
        print("wrote", path)
