"""Actions of VMs and hosts: `POST /vms/{id}/migrate`, `/hosts/{id}/deactivate` and the like."""
