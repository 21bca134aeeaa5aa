#!/usr/bin/env bash
# A real Slurm of one node on this machine, on loopback, with a pretend GPU. For tests; needs root.
#   apt-get install -y --no-install-recommends slurm-wlm slurm-wlm-basic-plugins munge
#   tests/cluster/slurm_single_node.sh start | stop
set -euo pipefail
conf=/etc/slurm/slurm.conf # nowhere else: the plugin's jobs do not hand SLURM_CONF on
state=/tmp/slurm-single-node
mark="# made by slurm_single_node.sh"

start() {
    if [[ -e $conf ]] && ! grep -q "$mark" "$conf"; then
        echo "error: $conf is not ours; this machine belongs to a cluster" >&2
        exit 1
    fi
    mkdir -p /etc/slurm "$state/ctld" "$state/d" /run/munge
    chown munge /run/munge
    pgrep -x munged > /dev/null || su -s /bin/sh munge -c /usr/sbin/munged
    local host hardware
    host=$(hostname -s)
    hardware=$(slurmd -C | grep -oE '(CPUs|RealMemory)=[0-9]+' | tr '\n' ' ')
    cat > "$conf" <<EOF
$mark
ClusterName=single
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/d
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ReturnToService=2
KillWait=30
MinJobAge=7200
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 $hardware Gres=gpu:1
PartitionName=main Nodes=ALL Default=YES State=UP
EOF
    echo "NodeName=$host Name=gpu File=/dev/null" > /etc/slurm/gres.conf
    slurmctld
    slurmd
    for _ in $(seq 60); do
        [[ $(sinfo --noheader --format=%T) == idle ]] && return
        sleep 1
    done
    echo "error: the node did not come up; see $state" >&2
    exit 1
}

stop() {
    scancel --quiet --user=root || true
    for _ in $(seq 60); do
        [[ -z $(squeue --noheader 2> /dev/null) ]] && break
        sleep 1
    done
    for daemon in slurmd slurmctld; do
        [[ ! -e $state/$daemon.pid ]] || kill "$(cat "$state/$daemon.pid")" || true
    done
    sleep 2
    grep -qs "$mark" "$conf" && rm -f "$conf" /etc/slurm/gres.conf
    rm -rf "$state"
}

case ${1:-} in
    start | stop) "$1" ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
esac
