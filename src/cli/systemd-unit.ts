import { join } from 'node:path';

/** A unit that lets the server write its two directories and nothing else. */
export function systemdUnit({ directory, user }: { directory: string; user: string }): string {
  const launcher = join(import.meta.dirname, '..', '..', 'bin', 'restante.js');
  return `[Unit]
Description=Restante mail server
After=network-online.target
Wants=network-online.target

[Service]
User=${user}
WorkingDirectory=${directory}
ExecStart=/usr/bin/env node ${launcher} --config ${directory}/config/restante.yaml serve
Restart=always
RestartSec=5
LimitNOFILE=65536
# A stop waits until all that was acknowledged is on disk.
TimeoutStopSec=60
KillSignal=SIGTERM
UMask=0077
AmbientCapabilities=CAP_NET_BIND_SERVICE
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=${directory}/config ${directory}/data
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}
