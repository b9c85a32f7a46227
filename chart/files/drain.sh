# Before a proxy is told to end. It asks callers to go elsewhere with their next request, and serves on for $1 seconds, until every
# node has heard that it is about to end, and after that for as long as callers have something under way. Kubernetes ends it in any
# case when its grace period is over. $2 is the port of Envoy's admin interface.
seconds=$1 admin=${2:-9901}

# Answers come in chunks of 2 MB, and these are far shorter.
ask() {
  exec 3<>"/dev/tcp/localhost/$admin"
  printf '%s %s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n' "$1" "$2" >&3
  cat <&3
  exec 3>&-
}

# How many requests have no whole answer yet, and how many connections there are that are not HTTP.
under_way() {
  local name value sum=0
  while IFS=': ' read -r name value; do
    case $name in
      *.admin.* | *.ready.* | *_1081.* | *.worker_*) ;;
      http.*.downstream_rq_active | listener.*.downstream_cx_active) sum=$((sum + value)) ;;
      http.*.downstream_cx_active) sum=$((sum - value)) ;;
    esac
  done < <(ask GET '/stats?filter=downstream_(rq|cx)_active')
  echo "$sum"
}

ask POST '/drain_listeners?graceful&skip_exit'
sleep "$seconds"
while [ "$(under_way)" -gt 0 ]; do sleep 1; done
