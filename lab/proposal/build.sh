#!/bin/sh
# Builds Linux 6.12 with the four patches of November 2024 (dummy heads of ITS tables), for the lab to ask.
# The project has neither the kernel nor the patches: both are the caller's, and the tree stays as it is.
set -eu

usage() {
	cat >&2 <<-END
	usage: lab/proposal/build.sh TREE MAILS [OUT]

	  TREE   the source of Linux 6.12 as first released: an unpacked tarball, or a git work tree that is at v6.12
	  MAILS  the series as it was posted: an mbox, or a folder of mails, patches 1/4 to 4/4 (a cover letter may be among them)
	  OUT    where the image goes; .lab/kernels/6.12-dummyhead/vmlinuz unless named

	Needs git, make, flex, bison, bc and aarch64-linux-gnu-gcc. Set JOBS for more than one job at a time.
	END
	exit 2
}

fail() {
	echo "lab/proposal/build.sh: $*" >&2
	exit 1
}

case ${1-} in -h | --help | '') usage ;; esac
[ $# -ge 2 ] && [ $# -le 3 ] || usage

here=$(cd "$(dirname "$0")" && pwd)
tree=$1
mails=$2
out=${3:-$here/../../.lab/kernels/6.12-dummyhead/vmlinuz}
case $out in /*) ;; *) out=$PWD/$out ;; esac

[ -d "$tree" ] || fail "no folder $tree"
[ -e "$mails" ] || fail "no mails $mails"
[ -f "$tree/arch/arm64/kvm/vgic/vgic-its.c" ] || fail "$tree is no source of Linux"
version=$(sed -n 's/^\(VERSION\|PATCHLEVEL\|SUBLEVEL\) = //p' "$tree/Makefile" | paste -sd.)
[ "$version" = 6.12.0 ] || fail "$tree is Linux $version, and the series was posted for 6.12"
for program in git make flex bison bc aarch64-linux-gnu-gcc; do
	command -v "$program" >/dev/null || fail "$program is missing"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# The mails in the order of the series: 1/4, 2/4, 3/4, 4/4, each once.
mkdir "$work/mails" "$work/patches"
if [ -d "$mails" ]; then
	set -- "$mails"/*
else
	set -- "$mails"
fi
git mailsplit -b -o"$work/mails" -- "$@" >/dev/null || fail "$mails holds no mails"
for mail in "$work/mails"/*; do
	git mailinfo -k "$work/text" "$work/patch" <"$mail" >"$work/info" 2>/dev/null || continue
	number=$(sed -n 's/^Subject:.*\[[^]]*PATCH[^]]* 0*\([1-4]\)\/0*4\].*/\1/p' "$work/info")
	[ -n "$number" ] && [ -s "$work/patch" ] || continue
	[ ! -e "$work/patches/$number" ] || fail "$mails holds patch $number/4 twice"
	cp "$work/patch" "$work/patches/$number"
done
for number in 1 2 3 4; do
	[ -e "$work/patches/$number" ] || fail "$mails lacks patch $number/4"
done
grep -q '^+++ b/arch/arm64/kvm/vgic/vgic-its.c' "$work"/patches/* || fail "the patches of $mails do not change KVM's ITS"

echo "copying $tree"
mkdir "$work/linux"
(cd "$tree" && tar -c --exclude=.git .) | tar -x -C "$work/linux"
cd "$work/linux"
for number in 1 2 3 4; do
	git apply -p1 "$work/patches/$number" || fail "patch $number/4 does not apply to $tree"
done

build() {
	make -s -j"${JOBS:-1}" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- "$@"
}

KCONFIG_ALLCONFIG="$here/kvm.config" build allnoconfig
# An option whose dependencies are not met goes without a word.
missing=$(grep -vxFf .config "$here/kvm.config" | grep '^CONFIG_' || true)
[ -z "$missing" ] || fail "the kernel does not take $missing"

echo "building"
build Image
mkdir -p "$(dirname "$out")"
cp arch/arm64/boot/Image "$out"
echo "$out: npm run lab -- identify $out"
