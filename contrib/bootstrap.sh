#!/bin/sh
# Installs what is missing to make the given targets, then makes them.
set -eu

usage() {
	cat <<'END'
usage: sh contrib/bootstrap.sh [TARGET | VARIABLE=VALUE | OPTION] ...

Installs the build tools and libraries that TARGET needs and that are missing,
then runs make with all arguments. Targets are those of the Makefile: all (the
default), demo, dashboard, check, check-agent, check-fuzz, check-host, check-live,
check-threads, check-web, lint, mutants, bench, bench-agent, install, uninstall, deb,
clean.

Packages are installed with apt, through sudo where the user isn't root. On
systems without apt it says what to install and ends with 69, or goes on where
nothing is missing.
END
}

# What is needed, a row each: in which group, how to tell that it is there, and
# the package it comes in on Debian, FreeBSD and OpenBSD; - is the base system.
# A daemon is one that tests start themselves, and nobody else is to.
needs() {
	cat <<'END'
make    gnu-make                  make               gmake            gmake
build   command=cc                gcc                -                -
build   header=stdio.h            libc6-dev          -                -
build   command=pkg-config        pkg-config         pkgconf          -
build   library=jansson           libjansson-dev     jansson          jansson
build   library=yaml-0.1          libyaml-dev        libyaml          libyaml
build   library=zlib              zlib1g-dev         -                -
build   library=libmd             libmd-dev          -                -
build   library=libcurl           libcurl4-openssl-dev curl           curl
build   library=libprotobuf-c     libprotobuf-c-dev  protobuf-c       protobuf-c
build   command=protoc-c          protobuf-c-compiler protobuf-c      protobuf-c
check   library=check             check              check            check
check   module=sys                python3            python3          python%3
check   module=yaml               python3-yaml       py311-pyyaml     py3-yaml
check   module=jsonschema         python3-jsonschema py311-jsonschema py3-jsonschema
check   command=strace            strace             -                -
check   command=rsync             rsync              rsync            rsync%--
check   command=openssl           openssl            openssl          -
check   command=bash              bash               bash             bash
check   command=fish              fish               fish             fish
check   command=zsh               zsh                zsh              zsh
bench   command=strace            strace             -                -
bench   module=sys                python3            python3          python%3
bench   library=fuse3             libfuse3-dev       fusefs-libs3     -
bench   command=mkfs.ext4         e2fsprogs          e2fsprogs        e2fsprogs
fuzz    command=clang             clang              llvm             -
fuzz    library=clang-rt          libclang-rt-dev    -                -
fuzz    command=afl-fuzz          afl++              afl++            afl++
lint    command=clang             clang              llvm             -
mutants command=clang             clang              llvm             -
lint    command=clang-format      clang-format       llvm             clang-tools-extra
lint    command=clang-tidy        clang-tidy         llvm             clang-tools-extra
lint    command=cppcheck          cppcheck           cppcheck         cppcheck
lint    command=mandoc            mandoc             -                -
lint    command=shellcheck        shellcheck         hs-ShellCheck    shellcheck
deb     command=dpkg-buildpackage dpkg-dev           -                -
deb     command=dh                debhelper          -                -
deb     command=systemd           systemd            -                -
deb     command=lintian           lintian            -                -
host    command=debootstrap       debootstrap        -                -
host    command=systemd-nspawn    systemd-container  -                -
host    command=nsenter           util-linux         -                -
live    command=curl              curl               curl             curl
live    command=jq                jq                 jq               jq
live    daemon=prometheus         prometheus         prometheus       prometheus
live    daemon=prometheus-node-exporter prometheus-node-exporter - -
live    daemon=prometheus-alertmanager prometheus-alertmanager alertmanager -
live    daemon=nginx              nginx              nginx            nginx
live    module=aiosmtpd           python3-aiosmtpd   py311-aiosmtpd   py3-aiosmtpd
agent   daemon=containerd         containerd         -                -
agent   command=runc              runc               -                -
agent   daemon=docker             docker.io          -                -
agent   daemon=podman             podman             -                -
agent   command=busybox           busybox-static     -                -
agent   command=curl              curl               curl             curl
agent   command=strace            strace             -                -
agent   command=openssl           openssl            openssl          openssl
page    module=sys                python3            python3          python%3
web     module=sys                python3            python3          python%3
web     command=node              nodejs             node             node
web     command=npm               npm                npm              -
web     command=chromium          chromium           chromium         chromium
web     daemon=nginx              nginx              nginx            nginx
web     daemon=caddy              caddy              caddy            caddy
web     font=DejaVu               fonts-dejavu-core  dejavu           -
END
}

say() {
	printf 'bootstrap: %s\n' "$*" >&2
}

unavailable() {
	say "error: $*"
	exit 69
}

find_make() {
	for make in make gmake; do
		case $("$make" --version 2>/dev/null) in
		*'GNU Make'*) echo "$make" && return ;;
		esac
	done
	return 1
}

find_system() {
	if command -v apt-get && command -v dpkg-query; then
		system=Debian
	else
		system=$(uname -s)
	fi >/dev/null
}

find_groups() {
	groups=
	for word; do
		case $word in
		-* | *=*) ;;
		clean | uninstall) groups="$groups make" ;;
		all | demo | install) groups="$groups build" ;;
		dashboard) groups="$groups build page" ;;
		lint) groups="$groups build check lint" ;;
		deb) groups="$groups build check deb" ;;
		check-host) groups="$groups build check deb host" ;;
		bench | bench-agent) groups="$groups build bench agent" ;;
		mutants) groups="$groups build check mutants" ;;
		check-live) groups="$groups build check live" ;;
		check-agent) groups="$groups build check agent" ;;
		check-fuzz) groups="$groups build check fuzz" ;;
		check-web) groups="$groups build web" ;;
		*) groups="$groups build check" ;;
		esac
	done
	groups="make ${groups:-build}"
}

# have HOW PACKAGE
have() {
	case $1 in
	gnu-make) find_make ;;
	command=*) command -v "${1#*=}" ;;
	*) # where only root looks, or no command at all
		if [ "$system" = Debian ]; then
			dpkg-query -W -f '${db:Status-Status}\n' "$2" | grep -qx installed
			return
		fi
		case $1 in
		header=*) echo "#include <${1#*=}>" | cc -E - ;;
		library=*) pkg-config --exists "${1#*=}" ;;
		daemon=*) PATH=$PATH:/usr/local/sbin:/usr/sbin command -v "${1#*=}" ;;
		module=*) "${PYTHON:-python3}" -c "import ${1#*=}" ;;
		esac
		;;
	esac >/dev/null 2>&1
}

# The packages that the groups need and that are missing.
missing() {
	needs | while read -r group how debian freebsd openbsd; do
		case " $groups " in
		*" $group "*) ;;
		*) continue ;;
		esac
		case $system in
		FreeBSD) package=$freebsd ;;
		OpenBSD) package=$openbsd ;;
		*) package=$debian ;;
		esac
		[ "$package" = - ] || have "$how" "$package" || echo "$package"
	done | sort -u | paste -s -d ' ' -
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# Debian starts what it installs, now and at every boot, unless it's told not to.
policy=/usr/sbin/policy-rc.d

forbid_starting() {
	forbidden=
	case " $groups " in
	*' live '* | *' agent '*) [ -e $policy ] || forbidden=yes ;;
	esac
	[ -z "$forbidden" ] || printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
	[ -z "$forbidden" ] || as_root chmod 755 $policy
}

allow_starting() {
	[ -z "$forbidden" ] || as_root rm -f $policy
	command -v systemctl >/dev/null || return 0
	needs | while read -r _ how package _; do
		case "$how, $packages " in
		daemon=*" $package "*)
			# shellcheck disable=SC2046 # names of units, split into words
			as_root systemctl -q disable $(units_of "$package") || :
			;;
		esac
	done
}

# The units that a package brings: also sockets and timers start what it installed.
units_of() {
	dpkg-query -L "$1" | sed -n 's,^\(/usr\)*/lib/systemd/system/\([^/@]*\.[a-z]*\)$,\2,p'
}

install_debian() {
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		unavailable "without sudo; as root, run: apt-get install $packages"
	say "installing $packages"
	as_root apt-get -q update ||
		say 'warning: cannot update the lists of packages; trying with the old ones'
	forbid_starting
	status=0
	# shellcheck disable=SC2086 # names of packages, split into words
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 --no-install-recommends --no-remove \
		install $packages || status=$?
	allow_starting
	[ $status -eq 0 ] || unavailable "cannot install $packages"
	packages=$(missing)
	[ -z "$packages" ] || unavailable "still missing after the installation: $packages"
}

for word; do
	case $word in
	-h | --help) usage && exit ;;
	esac
done

find_system
find_groups "$@"
packages=$(missing)
if [ -n "$packages" ]; then
	case $system in
	Debian) install_debian >&2 ;;
	FreeBSD) unavailable "as root, run: pkg install $packages" ;;
	OpenBSD) unavailable "as root, run: pkg_add $packages" ;;
	*) unavailable "install what Debian calls: $packages" ;;
	esac
fi

unset CDPATH
cd -- "$(dirname -- "$0")/.."
exec "$(find_make)" "$@"
