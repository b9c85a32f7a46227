// The circuit breaker in Lua, of which Envoy has none: what the original's proxies did (github.com/vulcand/oxy, cbreaker
// and memmetrics), counted by each worker of a proxy, and each of its listeners, for itself.

import { internalHeaders } from './names.ts';

/** Keys of a route's filter context: which service port it is, and the condition as a Lua expression. */
export const contextKeys = { port: 'port', condition: 'condition' } as const;

/** What has been measured of a service port, in windows that roll. */
const measures = `
local counted = { slots = 10, of = 1e6 }
local timed = { slots = 6, of = 10e6 }
-- What Envoy says where no answer came from a pod (%RESPONSE_FLAGS%).
local networkFlags = { UF = true, UC = true, UR = true, UT = true, LR = true, UPE = true, DF = true }

-- The slot of a moment in a window that rolls, made anew where it is of an earlier turn.
local function slotAt(window, size, now)
  local turn = math.floor(now / size.of)
  local slot = window[turn % size.slots]
  if slot == nil or slot.turn ~= turn then
    slot = { turn = turn, total = 0, network = 0, codes = {}, latencies = {} }
    window[turn % size.slots] = slot
  end
  return slot
end

local function slotsOf(window, size, now)
  local oldest = math.floor(now / size.of) - size.slots
  local index = -1
  return function()
    while index < size.slots - 1 do
      index = index + 1
      local slot = window[index]
      if slot ~= nil and slot.turn > oldest then return slot end
    end
  end
end

-- Latencies are kept by their 8 leading bits, which is the original's one percent.
local function bucketOf(microseconds)
  local mantissa, exponent = math.frexp(math.max(1, microseconds))
  return exponent * 128 + math.floor((mantissa - 0.5) * 256)
end

local function highestOf(bucket)
  return math.ldexp(0.5 + (bucket % 128 + 1) / 256, math.floor(bucket / 128)) - 1
end

local function latency(breaker, quantile)
  local counts, total, first, last = {}, 0, math.huge, 0
  for slot in slotsOf(breaker.timed, timed, breaker.now) do
    for bucket, count in pairs(slot.latencies) do
      counts[bucket] = (counts[bucket] or 0) + count
      total, first, last = total + count, math.min(first, bucket), math.max(last, bucket)
    end
  end
  local left = math.max(1, math.floor(quantile / 100 * total + 0.5))
  for bucket = first, last do
    left = left - (counts[bucket] or 0)
    if left <= 0 then return math.floor(highestOf(bucket) / 1e3) end
  end
  return 0
end

local function network(breaker)
  local failed, total = 0, 0
  for slot in slotsOf(breaker.counted, counted, breaker.now) do
    failed, total = failed + slot.network, total + slot.total
  end
  return total == 0 and 0 or failed / total
end

local function codes(breaker, from, to, dividedByFrom, dividedByTo)
  local part, whole = 0, 0
  for slot in slotsOf(breaker.counted, counted, breaker.now) do
    for code, count in pairs(slot.codes) do
      if from <= code and code < to then part = part + count end
      if dividedByFrom <= code and code < dividedByTo then whole = whole + count end
    end
  end
  return whole == 0 and 0 or part / whole
end

local function forgetMeasures(breaker)
  breaker.counted, breaker.timed = {}, {}
end
`;

/** What a breaker does with it. */
const breakers = `
local checkPeriod, openFor, recoverFor = 100e3, 10e6, 10e6
local forgetAfter = 300e6
local breakers = {}

local function makeBreaker(condition, now)
  for port, breaker in pairs(breakers) do
    if now - breaker.now > forgetAfter then breakers[port] = nil end
  end
  local breaker = { text = condition, state = "closed", now = now, nextCheck = 0 }
  forgetMeasures(breaker)
  local holds = loadstring("local latency, network, codes = ... return " .. condition)
  breaker.holds = function()
    return holds(
      function(...) return latency(breaker, ...) end,
      function() return network(breaker) end,
      function(...) return codes(breaker, ...) end
    )
  end
  return breaker
end

-- A breaker begins anew where its condition is another, or where the clock was put back.
local function breakerOf(handle)
  local context = handle:filterContext()
  local port, condition = context:get("${contextKeys.port}"), context:get("${contextKeys.condition}")
  local now = timeOf(handle)
  local breaker = breakers[port]
  if breaker == nil or breaker.text ~= condition or now < breaker.now - 1e6 then
    breaker = makeBreaker(condition, now)
    breakers[port] = breaker
  end
  breaker.now = now
  return breaker, port
end

local function lets(breaker)
  local now = breaker.now
  if breaker.state == "closed" then return true end
  if breaker.state == "open" then
    if now < breaker.till then return false end
    breaker.state, breaker.since, breaker.till = "recovering", now, now + recoverFor
    breaker.passed, breaker.refused = 0, 0
  end
  if now > breaker.till then
    breaker.state = "closed"
    return true
  end
  local wanted = 0.5 * (now - breaker.since) / recoverFor
  if (breaker.passed + 1) / (breaker.passed + 1 + breaker.refused) < wanted then
    breaker.passed = breaker.passed + 1
    return true
  end
  breaker.refused = breaker.refused + 1
  return false
end

local function look(breaker)
  if breaker.now <= breaker.nextCheck then return end
  breaker.nextCheck = breaker.now + checkPeriod
  if breaker.state == "open" or not breaker.holds() then return end
  breaker.state, breaker.till = "open", breaker.now + openFor
  forgetMeasures(breaker)
end

function envoy_on_request(handle)
  local breaker, port = breakerOf(handle)
  if lets(breaker) then
    handle:streamInfo():dynamicMetadata():set("maesh.breaker", "began", breaker.now)
  else
    handle:respond({ [":status"] = "503" }, "The circuit breaker of " .. port .. " is open (namespace/service/port).\\n")
  end
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local flags = headers:get("${internalHeaders.flags}")
  if flags ~= nil then headers:remove("${internalHeaders.flags}") end
  local mark = handle:streamInfo():dynamicMetadata():get("maesh.breaker")
  if mark == nil then return end
  local breaker = breakers[handle:filterContext():get("${contextKeys.port}")]
  -- It may be forgotten where the answer took minutes.
  if breaker == nil then return end
  breaker.now = math.max(breaker.now, timeOf(handle))
  local code = tonumber(headers:get(":status"))
  local slot = slotAt(breaker.counted, counted, breaker.now)
  slot.total = slot.total + 1
  slot.codes[code] = (slot.codes[code] or 0) + 1
  local isNetwork = code == 502 or code == 504
  if flags ~= nil and flags ~= "-" then
    for flag in flags:gmatch("%u+") do isNetwork = isNetwork or networkFlags[flag] end
  end
  if isNetwork then slot.network = slot.network + 1 end
  local times = slotAt(breaker.timed, timed, breaker.now).latencies
  local bucket = bucketOf(breaker.now - mark.began)
  times[bucket] = (times[bucket] or 0) + 1
  look(breaker)
end
`;

/** The time in microseconds, in the script's words. */
const systemTime = 'handle:timestampString(EnvoyTimestampResolution.MICROSECOND)';

/**
 * Writes the script. All its times are in microseconds; a condition calls `latency`, `network` and `codes`.
 *
 * @param time where the script takes the time from: the system, but in tests.
 */
export function breakerCode(time: string = systemTime): string {
  return `local function timeOf(handle) return tonumber(${time}) end\n${measures}${breakers}`;
}
