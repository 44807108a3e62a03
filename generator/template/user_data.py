"""User data: what an instance runs on its first boot. The text contains no value that a user typed."""

from __future__ import annotations

NEW = """\
#!/bin/bash
# Nothing that a user typed is in here: settings and password are read with the instance's own role.
set -euo pipefail
exec >>/var/log/deepsql-install.log 2>&1
export HOME=/root AWS_DEFAULT_REGION=${AWS::Region}
step=start

retry() { # 5 minutes
  for _ in $(seq 60); do "$@" && return; sleep 5; done
  return 1
}
signal() {
  retry aws cloudformation signal-resource --stack-name "${AWS::StackId}" --logical-resource-id Instance \\
    --unique-id "$(cat /var/lib/cloud/data/instance-id)" --status "$1"
}
finish() {
  code=$?
  trap - EXIT
  [ $code = 0 ] && signal SUCCESS && exit
  echo "DeepSQL was not installed: step '$step' failed (exit $code)." | tee /dev/console || true
  signal FAILURE
}
trap finish EXIT
setting() { sed -n "s/^$1=//p" <<<"$settings"; }
mask() { # the installer prints the password at its end
  awk 'BEGIN { s = ENVIRON["DEEPSQL_INITIAL_ADMIN_PASSWORD"]; n = length(s) }
    { while (i = index($0, s)) $0 = substr($0, 1, i - 1) "********" substr($0, i + n); print; fflush() }'
}

step=settings
settings=$(retry aws ssm get-parameter --name "${InstallSettings}" --query Parameter.Value --output text)
step=password
set -a # exports what the installer needs
DEEPSQL_INITIAL_ADMIN_PASSWORD=$(retry aws secretsmanager get-secret-value --secret-id "${AdminSecret}" \\
  --query SecretString --output text)
DEEPSQL_INITIAL_ADMIN_EMAIL=$(setting email)
DEEPSQL_SELF_HOST_REF=$(setting version)
DEEPSQL_INSTALL_DOCKER=true DEEPSQL_SKIP_MCP=true
set +a

step=download
retry curl -fsSL -o /root/deepsql-installer --proto =https "$(setting source)"
step=checksum
sha256=$(setting sha256)
[ -z "$sha256" ] || echo "$sha256  /root/deepsql-installer" | sha256sum -c -
step=install
bash /root/deepsql-installer </dev/null 2>&1 | mask
step=answer
retry curl -fsS -o /dev/null http://127.0.0.1:3035
"""
