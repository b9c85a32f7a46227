# Before a proxy is told to end. It asks callers to go elsewhere with their next request, and serves on for $1 seconds, in which
# nodes usually hear that it is about to end, and after that until nobody has called it for three: a node may hear of it late.
# Kubernetes ends it in any case when its grace period is over. $2 is the port of Envoy's admin interface.
seconds=$1 admin=${2:-9901}

# Answers come in chunks of 2 MB, and these are far shorter.
ask() {
  exec 3<>"/dev/tcp/localhost/$admin"
  printf '%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n' "$1" "$2" >&3
  cat <&3
  exec 3>&-
}

# Sets `active` to how many requests have no whole answer yet and how many connections there are that are not HTTP, and `total` to
# how many connections there have been, and sessions of UDP.
look() {
  local name value
  active=0 total=0
  while IFS=': ' read -r name value; do
    case $name in
      *.admin.* | *.ready.* | *_1081.* | *.worker_*) ;;
      *_total) total=$((total + value)) ;;
      http.*.downstream_rq_active | listener.*.downstream_cx_active) active=$((active + value)) ;;
      http.*.downstream_cx_active) active=$((active - value)) ;;
    esac
  done < <(ask GET '/stats?filter=downstream_((rq|cx)_active|(cx|sess)_total)')
}

ask POST '/drain_listeners?graceful&skip_exit'
sleep "$seconds"
look
for ((quiet = 0; quiet < 3; quiet++)); do
  before=$total
  sleep 1
  look
  if [ "$active" -gt 0 ] || [ "$total" -ne "$before" ]; then quiet=-1; fi
done
