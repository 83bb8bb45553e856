-- What every script begins with. KEYS[1] is the partition's anchor, "<namespace>:{<partition>}"; every other key is derived from it, so that
-- all of them carry its hash tag. ARGV[1] holds the engine's settings: whether a test moves the clocks, the retentions in microseconds, and the number of partitions.
-- A script checks everything before its first write: Lua undoes nothing.
local P, call, pack, unpack_of = KEYS[1], redis.call, struct.pack, struct.unpack
local band, bor, bnot, byte, sub = bit.band, bit.bor, bit.bnot, string.byte, string.sub
local TASK = P .. ':t:'
local PARTITIONS = byte(ARGV[1], 26)

-- Engine clock, wall clock, and the server's own time, in microseconds. They differ only where a test set them apart.
local time = call('TIME')
local real = time[1] * 1000000 + time[2]
local now, wall = real, real
if byte(ARGV[1]) == 1 then
    local offsets = call('HMGET', P .. ':clock', 'engine', 'wall')
    now, wall = real + (tonumber(offsets[1]) or 0), real + (tonumber(offsets[2]) or 0)
end

-- For how long a free key remembers its operation, and how long a record of an ended task is kept at least.
local function retention()
    local dead, history, crash = unpack_of('>I8I8I8', ARGV[1], 2)
    return { dead = dead, history = history, crash = crash }
end

-- Beyond any time that there is, and far below what a double counts exactly.
local FAR = 4503599627370496
local function later(duration) return math.min(now + duration, FAR) end

-- The server's time, in whole milliseconds, at which a point of the engine's clock has passed: when a key may expire.
local function expiry(at) return string.format('%.0f', math.ceil((at - now + real) / 1000)) end

-- Calls a command with one key and any number of further arguments, in portions that fit on Lua's stack.
local function each(command, key, list)
    local count = #list
    if count == 0 then return end
    for first = 1, count, 4000 do call(command, key, unpack(list, first, math.min(count, first + 3999))) end
end

-- States
local QUEUED, SCHEDULED, RUNNING, PARKED, WAITING, SUSPECT = 0, 1, 2, 3, 4, 5
local COMMITTED, CANCELLED, LIMITED_STATE, DEAD = 6, 7, 8, 9

-- Flags: what stands beside a task, and what is true of it.
local F = {
    checkpoint = 1, children = 2, manual = 4, cancelling = 8, progress = 16, limited = 32, keyed = 64, history = 128,
    alone = 256, recovered = 512, settled = 1024, wall = 2048, watched = 4096, losses = 8192,
}
local function has(flags, flag) return band(flags, flag) ~= 0 end
