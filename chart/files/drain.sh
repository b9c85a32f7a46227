# Before a proxy is told to end: it asks its callers to go elsewhere with their next request, and serves on until every node
# has heard that it is about to end, which is what $1 seconds are for.
exec 3<>/dev/tcp/localhost/9901
printf 'POST /drain_listeners?graceful&skip_exit HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n' >&3
cat <&3
sleep "$1"
