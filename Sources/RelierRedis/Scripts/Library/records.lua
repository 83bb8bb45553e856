-- What a script writes of ended tasks, collected, one command for each slice (see `ending.lua`).
-- How long after its first record has ended a slice is looked at, so that most slices go as a whole.
local PURGE_DELAY = 60000000

-- When the records of a slice end: the first of them, and the last.
local slices = {}

local function keepRecord(id, ends, text)
    local slice = sub(id, 1, 4)
    local known = slices[slice]
    if not known then
        known = { first = ends, last = ends }
        slices[slice] = known
    end
    if ends < known.first then known.first = ends end
    if ends > known.last then known.last = ends end
    local count = #known
    known[count + 1], known[count + 2] = sub(id, 5), text
end

local function flushRecords()
    for slice, known in pairs(slices) do
        each('HSET', P .. ':r:' .. slice, known)
        call('ZADD', P .. ':sl', 'LT', string.format('%.0f', known.first + PURGE_DELAY), slice)
        call('ZADD', P .. ':se', 'GT', string.format('%.0f', known.last), slice)
    end
    slices = {}
end
