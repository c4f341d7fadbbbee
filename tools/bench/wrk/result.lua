-- Prints the result of a run as one line of JSON. Arguments are bodies to POST alternately; without any, wrk sends GET requests.

function init(bodies)
  local requests = {}
  local headers = { ["Content-Type"] = "application/json" }
  for index, body in ipairs(bodies) do
    requests[index] = wrk.format("POST", nil, headers, body)
  end
  if #requests > 0 then
    local sent = 0
    request = function()
      sent = sent + 1
      return requests[(sent - 1) % #requests + 1]
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests": %d, "micros": %d, "p50_micros": %d, "p99_micros": %d, "status_errors": %d, "socket_errors": %d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
