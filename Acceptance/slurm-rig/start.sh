#!/usr/bin/env bash
# Brings up a real Slurm cluster on this machine: munge, MariaDB, slurmdbd, slurmctld, four slurmd that each take
# themselves for a node (own host name, own /var/tmp and /run/node), slurmrestd on a unix socket and on TCP with JWT.
# Debian 12 or later, root, no systemd, all on loopback. What is missing is installed. stop.sh takes it down again.
# On a machine that is of another Slurm it does nothing and ends with 69, which --check tells beforehand.
#
# Users alice (m1234, m5678), bob (m5678) and carol (nstaff, operator); QOS regular, debug, premium; partitions regular
# and debug; four stand-in GPUs a node; KillWait is 5 s.
#
#   RIG_STATE   where everything lives (default: customs-slurm-rig/state under $TMPDIR or /tmp)
#   RIG_HOOKS   scripts in prolog.d, epilog.d and taskprolog.d, SPANK lines in spank/*.conf (default: hooks beside it)
#   RIG_NODES   number of nodes (4)       RIG_PORT    first of the ports (16800)
#   RIG_CGROUP  auto, v1 or none          RIG_MPI=1   OpenMPI, MPICH and mpi4py (by OpenMPI) too
#   RIG_REST=1  slurmrestd too            RIG_PRIVATE directories that each node has for itself
#   RIG_IDLE=0  do not wait until all nodes are idle: jobs run, and only what is missing is started
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
: "${RIG_STATE:=${TMPDIR:-/tmp}/customs-slurm-rig/state}" "${RIG_NODES:=4}" "${RIG_CGROUP:=auto}" "${RIG_MPI:=1}" "${RIG_REST:=1}" "${RIG_PRIVATE=/var/tmp /run/node}"
: "${RIG_HOOKS:=$(dirname "$RIG_STATE")/hooks}" "${RIG_PORT:=16800}"
P_CTLD=$((RIG_PORT+17)) P_DBD=$((RIG_PORT+19)) P_REST=$((RIG_PORT+20)) P_SQL=$((RIG_PORT+6)) P_NODE=$((RIG_PORT+100))
T0=$(date +%s.%N)
say() { printf '[%6.2fs] %s\n' "$(echo "$(date +%s.%N) $T0" | awk '{print $1-$2}')" "$*"; }
waitfor() { # waitfor SECONDS WHAT CMD...
  local end=$((SECONDS+$1)) what=$2; shift 2
  while [ $SECONDS -lt $end ]; do timeout 10 "$@" >/dev/null 2>&1 && return 0; sleep 0.05; done
  echo "rig: $what not ready" >&2; tail -n 5 "$RIG_STATE"/log/*.log >&2 || true; return 1; }

# ---- 0. whose machine it is ----------------------------------------------------------------------------------
# links are ours if they lead to this state, or to that of a rig which was killed
ours() { case $(readlink "$1") in "$RIG_STATE/conf/"*|*/customs-slurm-*/conf/*) true;; *) false;; esac; }
for f in /etc/slurm/slurm.conf /etc/slurm/slurmdbd.conf /run/slurm/conf/slurm.conf; do
  if { [ -e $f ] || [ -L $f ]; } && ! ours $f; then
    echo "rig: this machine is of another Slurm, which is left alone: there is $f" >&2; exit 69; fi
done
[ "${1:-}" != --check ] || exit 0
mkdir -p "$(dirname "$RIG_STATE")"
# ---- 1. packages -------------------------------------------------------------------------------------------
PK="slurmctld slurmd slurmdbd slurm-client slurm-wlm-jwt-plugin munge mariadb-server"
[ "$RIG_REST" = 1 ] && PK="$PK slurmrestd curl"
[ "$RIG_MPI" = 1 ]  && PK="$PK openmpi-bin mpich libpmi2-0 python3-mpi4py"
need=""; for p in $PK; do dpkg-query -W -f '${db:Status-Abbrev}\n' "$p" 2>/dev/null | grep -q '^ii' || need="$need $p"; done
if [ -n "$need" ]; then
  # keep every maintainer script from starting a daemon of its own
  PRC=/usr/sbin/policy-rc.d; made=0
  [ -e $PRC ] || { printf '#!/bin/sh\nexit 101\n' >$PRC; chmod 755 $PRC; made=1; }
  apt-get update -qq
  # shellcheck disable=SC2086 # a list
  apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-unsafe-io \
     -o DPkg::Options::=--path-exclude='/usr/share/man/*' $need >"$RIG_STATE.apt.log" 2>&1 || { tail -20 "$RIG_STATE.apt.log"; exit 1; }
  [ $made = 0 ] || rm -f $PRC
  say "packages installed:$need"
else say "packages already there"; fi

# ---- 2. users, dirs, keys ------------------------------------------------------------------------------------
uid=2001; for u in alice bob carol; do id $u >/dev/null 2>&1 || useradd -m -u $uid -s /bin/bash $u; uid=$((uid+1)); done
id slurmrest >/dev/null 2>&1 || useradd -r -M -s /usr/sbin/nologin slurmrest
S=$RIG_STATE; export SLURM_CONF=$S/conf/slurm.conf; mkdir -p "$S"/{ctld,spool,log,pid,sql,munge,rest,conf}; mkdir -p "$RIG_HOOKS"/{prolog.d,epilog.d,taskprolog.d,spank}
chmod 755 "$S" "$S/conf" "$S/log" "$S/pid"; chown slurm:slurm "$S"/ctld "$S"/log "$S"/pid; chown -R munge:munge "$S/munge"; chmod 711 "$S/munge"
d=$S; while [ "$d" != / ]; do chmod o+x "$d"; d=$(dirname "$d"); done   # daemons run as other users
[ -s "$S/munge/key" ] || { head -c 128 /dev/urandom >"$S/munge/key"; chown munge:munge "$S/munge/key"; chmod 600 "$S/munge/key"; }
[ -s "$S/conf/jwt_hs256.key" ] || { head -c 32 /dev/urandom >"$S/conf/jwt_hs256.key"; chown slurm:slurm "$S/conf/jwt_hs256.key"; chmod 600 "$S/conf/jwt_hs256.key"; }

# ---- 3. configuration ----------------------------------------------------------------------------------------
CG=none
if [ "$RIG_CGROUP" != none ] && [ -w /sys/fs/cgroup/memory ] && [ -w /sys/fs/cgroup/freezer ] && [ -w /sys/fs/cgroup/cpuset ]; then CG=v1; fi
[ "$RIG_CGROUP" = auto ] || [ "$RIG_CGROUP" = "$CG" ] || { echo "rig: cgroup $RIG_CGROUP not usable here" >&2; exit 1; }
if [ $CG = v1 ]; then
  PROC="ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup"
  cat >"$S/conf/cgroup.conf" <<X
CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
CgroupAutomount=no
ConstrainRAMSpace=yes
ConstrainSwapSpace=no
ConstrainCores=no
ConstrainDevices=no
X
else
  PROC="ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherParams=OverMemoryKill"
  # naming a plugin keeps slurmd from probing /sys/fs/cgroup, which a container may lack
  echo "CgroupPlugin=cgroup/v1" >"$S/conf/cgroup.conf"
fi
NN=$(printf '%02d' "$RIG_NODES"); H=$(hostname -s)
cat >"$S/conf/slurm.conf" <<X
ClusterName=rig
SlurmctldHost=$H(127.0.0.1)
SlurmctldPort=$P_CTLD
SlurmUser=slurm
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$S/munge/socket
CredType=cred/munge
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$S/conf/jwt_hs256.key
StateSaveLocation=$S/ctld
SlurmdSpoolDir=$S/spool/%n
TmpFS=$S/nodetmp/%n
SlurmctldPidFile=$S/pid/slurmctld.pid
SlurmdPidFile=$S/pid/slurmd-%n.pid
SlurmctldLogFile=$S/log/slurmctld.log
SlurmdLogFile=$S/log/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
ReturnToService=2
SlurmctldParameters=enable_configless
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=100
$PROC
JobAcctGatherFrequency=2
MpiDefault=pmix
SwitchType=switch/none
KillWait=5
MinJobAge=3600
MaxJobCount=20000
MaxArraySize=2001
InactiveLimit=0
JobRequeue=1
BatchStartTimeout=10
MessageTimeout=10
CompleteWait=0
PropagateResourceLimits=NONE
PropagatePrioProcess=0
Prolog=$RIG_HOOKS/prolog.sh
Epilog=$RIG_HOOKS/epilog.sh
TaskProlog=$RIG_HOOKS/taskprolog.sh
PrologFlags=Alloc
PlugStackConfig=$S/conf/plugstack.conf
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePass=$S/munge/socket
AccountingStoragePort=$P_DBD
AccountingStorageEnforce=associations,limits,qos
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment,job_script,job_env
JobCompType=jobcomp/none
TrackWCKey=yes
GresTypes=gpu
NodeName=node[01-$NN] NodeHostname=$H NodeAddr=127.0.0.1 Port=[$((P_NODE+1))-$((P_NODE+RIG_NODES))] CPUs=8 Boards=1 SocketsPerBoard=1 CoresPerSocket=8 ThreadsPerCore=1 RealMemory=4000 Feature=cpu,milan Gres=gpu:a100:4 State=UNKNOWN
PartitionName=regular Nodes=node[01-$NN] Default=YES MaxTime=2-00:00:00 DefaultTime=00:10:00 State=UP OverSubscribe=NO
PartitionName=debug   Nodes=node[01-$(printf %02d $(( RIG_NODES>2?2:RIG_NODES )))] MaxTime=00:30:00 DefaultTime=00:05:00 State=UP PriorityTier=10
X
mkdir -p "$S/dev"; for g in 0 1 2 3; do [ -e "$S/dev/gpu$g" ] || mknod -m 666 "$S/dev/gpu$g" c 1 3; done   # stand-ins: null devices
echo "NodeName=node[01-$NN] Name=gpu Type=a100 File=$S/dev/gpu[0-3]" >"$S/conf/gres.conf"
# Debian's mpi_pmix_v4.so opens the unversioned name, which only libpmix-dev carries
PX=/usr/lib/x86_64-linux-gnu/pmix2/lib; [ -e $PX/libpmix.so ] || ! [ -e $PX/libpmix.so.2 ] || ln -s libpmix.so.2 $PX/libpmix.so
[ -e "$S/conf/plugstack.conf" ] || echo "include $RIG_HOOKS/spank/*.conf" >"$S/conf/plugstack.conf"
ls "$RIG_HOOKS"/spank/*.conf >/dev/null 2>&1 || echo "# SPANK plugins here: required|optional /path/plugin.so args" >"$RIG_HOOKS/spank/00-none.conf"
cat >"$S/conf/slurmdbd.conf" <<X
AuthType=auth/munge
AuthInfo=socket=$S/munge/socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$S/conf/jwt_hs256.key
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=$P_DBD
SlurmUser=slurm
LogFile=$S/log/slurmdbd.log
PidFile=$S/pid/slurmdbd.pid
DebugLevel=info
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$P_SQL
StorageUser=slurm
StoragePass=rig
StorageLoc=slurm_acct_db
X
chown slurm:slurm "$S/conf/slurmdbd.conf"; chmod 600 "$S/conf/slurmdbd.conf"
# commands of any user (also under --export=NONE) find the configuration here; stop.sh puts a package's own file back
mkdir -p /etc/slurm; for f in slurm.conf cgroup.conf gres.conf slurmdbd.conf plugstack.conf; do
  [ ! -e /etc/slurm/$f ] || [ -L /etc/slurm/$f ] || mv /etc/slurm/$f /etc/slurm/$f.before-rig
  ln -sfn "$S/conf/$f" /etc/slurm/$f; done
for h in prolog epilog taskprolog; do [ -e "$RIG_HOOKS/$h.sh" ] || cat >"$RIG_HOOKS/$h.sh" <<X
#!/bin/bash
# runs every executable of $h.d; a taskprolog's stdout lines 'export N=V', 'unset N', 'print T' act on the task
for f in "\$(dirname "\$0")/$h.d"/*; do [ -x "\$f" ] && "\$f" "\$@"; done; exit 0
X
chmod 755 "$RIG_HOOKS/$h.sh"; done
say "configured (cgroup: $CG)"

# ---- 4. daemons ----------------------------------------------------------------------------------------------
# every daemon's stdio is detached, so that the caller's pipe closes
det() { "$@" </dev/null >>"$S/log/rig-stdio.log" 2>&1 & }
alive() { local st; [ -s "$1" ] && st=$(awk '{sub(/.*\) /,""); print $1}' "/proc/$(cat "$1")/stat" 2>/dev/null) && [ -n "$st" ] && [ "$st" != Z ]; }
alive "$S/pid/mariadb.pid" || {
  # the package's own postinst has made a pristine data directory: copying it is quicker than mariadb-install-db
  if [ ! -d "$S/sql/data/mysql" ] && [ -f /var/lib/mysql/ibdata1 ] && ! pgrep -x mariadbd >/dev/null; then
    mkdir -p "$S/sql/data"; cp -a --reflink=auto --sparse=always /var/lib/mysql/. "$S/sql/data/"; fi
  [ -d "$S/sql/data/mysql" ] || mariadb-install-db --no-defaults --user=mysql --datadir="$S/sql/data" --auth-root-authentication-method=socket \
      --skip-test-db --innodb-log-file-size=16M >>"$S/log/rig-stdio.log" 2>&1
  chown -R mysql:mysql "$S/sql"
  printf "CREATE DATABASE IF NOT EXISTS slurm_acct_db;\nCREATE USER IF NOT EXISTS slurm@'127.0.0.1' IDENTIFIED BY 'rig';\nGRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';\n" >"$S/sql/init.sql"
  det mariadbd --no-defaults --user=mysql --datadir="$S/sql/data" --socket="$S/sql/sock" --pid-file="$S/sql/pid" --bind-address=127.0.0.1 --port=$P_SQL \
      --skip-name-resolve --innodb-log-file-size=96M --innodb-lock-wait-timeout=900 --innodb-buffer-pool-size=128M --innodb-flush-log-at-trx-commit=0 --sync-binlog=0 --performance-schema=OFF --init-file="$S/sql/init.sql" --log-error="$S/sql/mariadb.err"
  echo $! >"$S/pid/mariadb.pid"; }
alive "$S/pid/munged.pid" || { det setpriv --reuid=munge --regid=munge --clear-groups munged -F --key-file="$S/munge/key" --socket="$S/munge/socket" --pid-file="$S/munge/pid" --log-file="$S/munge/log" --seed-file="$S/munge/seed" --num-threads=10; echo $! >"$S/pid/munged.pid"; }
waitfor 30 munged munge -n -S "$S/munge/socket"
waitfor 60 mariadb bash -c "exec 3<>/dev/tcp/127.0.0.1/$P_SQL"
say "munge and MariaDB up"
alive "$S/pid/slurmdbd.pid" || det slurmdbd
waitfor 60 slurmdbd sacctmgr -n show cluster
say "slurmdbd up"
if ! sacctmgr -nP show account m1234 format=account 2>/dev/null | grep -q m1234; then
  cat >"$S/sql/acct.cfg" <<X
Cluster - 'rig':Fairshare=1:QOS='normal'
Parent - 'root'
User - 'root':DefaultAccount='root':AdminLevel='Administrator':Fairshare=1
Account - 'm1234':Description='physics':Organization='science':Fairshare=1
Account - 'm5678':Description='bio':Organization='science':Fairshare=1
Account - 'nstaff':Description='staff':Organization='nersc':Fairshare=1
Parent - 'm1234'
User - 'alice':DefaultAccount='m1234':DefaultQOS='regular':DefaultWCKey='':Fairshare=1:QOS='debug,premium,regular'
Parent - 'm5678'
User - 'alice':DefaultAccount='m1234':DefaultQOS='regular':Fairshare=1:QOS='debug,regular'
User - 'bob':DefaultAccount='m5678':DefaultQOS='regular':Fairshare=1:QOS='debug,regular'
Parent - 'nstaff'
User - 'carol':DefaultAccount='nstaff':AdminLevel='Operator':DefaultQOS='regular':Fairshare=1:QOS='debug,premium,regular'
User - 'root':DefaultAccount='root':AdminLevel='Administrator':DefaultQOS='regular':Fairshare=1:QOS='debug,premium,regular'
X
  # shellcheck disable=SC2129 # one line each is plainer
  sacctmgr -iQ add qos debug priority=100 maxwall=00:30:00 >>"$S/log/rig-stdio.log" 2>&1
  sacctmgr -iQ add qos premium priority=200 usagefactor=2 >>"$S/log/rig-stdio.log" 2>&1
  sacctmgr -iQ add qos regular priority=50 >>"$S/log/rig-stdio.log" 2>&1
  sacctmgr -iQ load file="$S/sql/acct.cfg" >>"$S/log/rig-stdio.log" 2>&1 || true
  sacctmgr -nP show account m1234 format=account | grep -q m1234
fi
say "accounts, users, QOS"
alive "$S/pid/slurmctld.pid" || det slurmctld
waitfor 30 slurmctld scontrol ping
{ grep -vE '[[:space:]]node[0-9]' /etc/hosts; for ((i=1;i<=RIG_NODES;i++)); do printf '127.0.0.1 node%02d\n' $i; done; } >"$S/conf/hosts"   # nodes know each other's names
for ((i=1;i<=RIG_NODES;i++)); do n=$(printf 'node%02d' $i); mkdir -p "$S/spool/$n" "$S/nodetmp/$n"; chmod 1777 "$S/nodetmp/$n"
  # a "node": UTS namespace (own hostname) + mount namespace in which each dir of RIG_PRIVATE is the node's own
  # shellcheck disable=SC2016,SC2086 # what is quoted expands within the node
  alive "$S/pid/slurmd-$n.pid" || det env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 S="$S" n=$n PRIV="$RIG_PRIVATE" \
     unshare --uts --mount --propagation unchanged bash -c 'mount --make-rprivate / 2>/dev/null; hostname $n; for d in $PRIV; do b=$S/private/$n$d; mkdir -p "$d" "$b"; chmod --reference="$d" "$b"; mount --bind "$b" "$d"; done; mount --bind $S/conf/hosts /etc/hosts; exec slurmd -N $n'
done
say "slurmctld and $RIG_NODES slurmd started"
if [ "$RIG_REST" = 1 ]; then
  # one process cannot serve both: with SLURM_JWT set every request needs a token, without it TCP+JWT is refused
  R="setpriv --reuid=slurmrest --regid=slurmrest --clear-groups slurmrestd"; chown slurmrest "$S/rest"; chmod 755 "$S/rest"
  # shellcheck disable=SC2086 # R is a command with its arguments
  alive "$S/pid/slurmrestd-unix.pid" || { rm -f "$S/rest/sock"; det env -u SLURM_JWT SLURM_CONF="$S/conf/slurm.conf" $R -a rest_auth/local "unix:$S/rest/sock"; echo $! >"$S/pid/slurmrestd-unix.pid"; }
  # shellcheck disable=SC2086
  alive "$S/pid/slurmrestd-tcp.pid" || { det env SLURM_JWT=daemon SLURM_CONF="$S/conf/slurm.conf" $R -a rest_auth/jwt "127.0.0.1:$P_REST"; echo $! >"$S/pid/slurmrestd-tcp.pid"; }
  waitfor 20 slurmrestd curl -sf --unix-socket "$S/rest/sock" http://rig/slurm/v0.0.38/ping
fi
[ "${RIG_IDLE:-1}" = 0 ] || waitfor 60 nodes bash -c "[ \$(sinfo -h -N -p regular -t idle -o %N | wc -l) = $RIG_NODES ]"
cat >"$S/env.sh" <<X
export RIG_STATE=$S RIG_REST_URL=http://127.0.0.1:$P_REST RIG_REST_SOCK=$S/rest/sock RIG_CGROUP=$CG
X
say "READY: $RIG_NODES nodes"
