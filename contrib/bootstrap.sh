#!/bin/sh
# Installs what is missing to make the given targets, then makes them.
set -eu

usage() {
	cat <<'END'
usage: sh contrib/bootstrap.sh [TARGET | VARIABLE=VALUE | OPTION] ...

Installs the build tools and libraries that TARGET needs and that are missing,
then runs make with all arguments. Targets are those of the Makefile: all (the
default), demo, check, lint, install, uninstall, clean.

Packages are installed with apt, through sudo where the user isn't root. On
systems without apt it says what to install and ends with 69, or goes on where
nothing is missing.
END
}

# What is needed, a row each: in which group, how to tell that it is there, and
# the package it comes in on Debian, FreeBSD and OpenBSD; - is the base system.
needs() {
	cat <<'END'
make  gnu-make             make                gmake             gmake
build command=cc           gcc                 -                 -
build header=stdio.h       libc6-dev           -                 -
build command=pkg-config   pkg-config          pkgconf           -
build library=jansson      libjansson-dev      jansson           jansson
build library=yaml-0.1     libyaml-dev         libyaml           libyaml
build library=zlib         zlib1g-dev          -                 -
build library=libmd        libmd-dev           -                 -
check library=check        check               check             check
check module=sys           python3             python3           python%3
check module=yaml          python3-yaml        py311-pyyaml      py3-yaml
check module=jsonschema    python3-jsonschema  py311-jsonschema  py3-jsonschema
lint  command=clang        clang               llvm              -
lint  command=clang-format clang-format        llvm              clang-tools-extra
lint  command=clang-tidy   clang-tidy          llvm              clang-tools-extra
lint  command=cppcheck     cppcheck            cppcheck          cppcheck
lint  command=mandoc       mandoc              -                 -
lint  command=shellcheck   shellcheck          hs-ShellCheck     shellcheck
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
		lint) groups="$groups build check lint" ;;
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
	*)
		if [ "$system" = Debian ]; then
			dpkg-query -W -f '${db:Status-Status}\n' "$2" | grep -qx installed
			return
		fi
		case $1 in
		header=*) echo "#include <${1#*=}>" | cc -E - ;;
		library=*) pkg-config --exists "${1#*=}" ;;
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

install_debian() {
	[ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
		unavailable "without sudo; as root, run: apt-get install $packages"
	say "installing $packages"
	as_root apt-get -q update ||
		say 'warning: cannot update the lists of packages; trying with the old ones'
	# shellcheck disable=SC2086 # names of packages, split into words
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 --no-install-recommends --no-remove \
		install $packages || unavailable "cannot install $packages"
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
