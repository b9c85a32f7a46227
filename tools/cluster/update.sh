#!/usr/bin/env bash
# Rewrites go.mod and go.sum for another version of a program: `tools/cluster/update.sh kube 1.36.3`.
set -euo pipefail
[ $# = 2 ] || { echo "usage: $0 kube|etcd|coredns|coredns-1.13|coredns-1.6|helm VERSION" >&2; exit 2; }
program=$1 version=$2 main=.
cd "$(dirname "$0")/$program"
export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-buildvcs=false
rm -f go.mod go.sum
case $program in
  kube)
    # Kubernetes' own go.mod points at folders for the modules that it publishes beside itself, as v0.36.3 for 1.36.3.
    upstream=$(cd / && go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
    {
      printf 'module kube\n\n'
      grep -E '^(go|godebug) ' "$upstream"
      printf '\nrequire k8s.io/kubernetes v%s\n\nreplace (\n' "$version"
      sed -nE "s|^\t(k8s\.io/[a-z-]+) => \./staging.*|\t\1 => \1 v0.${version#1.}|p" "$upstream"
      printf ')\n'
    } >go.mod
    ;;
  etcd) printf 'module etcd\n\ngo 1.26.0\n\nrequire go.etcd.io/etcd/server/v3 v%s\n' "$version" >go.mod ;;
  coredns-1.13)
    # With the modules of the newest: what they are compiled to is there already.
    sed "s|\(coredns/coredns\) v.*|\1 v$version|" ../coredns/go.mod >go.mod
    cp ../coredns/go.sum .
    ;;
  coredns*) printf 'module coredns\n\ngo 1.26.0\n\nrequire github.com/coredns/coredns v%s\n' "$version" >go.mod ;;
  helm)
    main=helm.sh/helm/v4/cmd/helm
    printf 'module helm\n\ngo 1.26.0\n\ntool %s\n\nrequire helm.sh/helm/v4 v%s\n' "$main" "$version" >go.mod
    ;;
esac
# Not `go mod tidy`, which also fetches what only the tests of dependencies need.
GOFLAGS="$GOFLAGS -mod=mod" go list -deps "$main" >/dev/null
