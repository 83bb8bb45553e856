-- Marks of an ended task's record, see `ending.lua`.
local MARK = { settled = 1, ownEnd = 2, history = 4, keyed = 8 }

-- When the record of an ended task ends.
local function recordEnds(text)
    local ends = unpack_of('>I7', text, 61)
    if has(byte(text, 2), MARK.ownEnd) then ends = math.max(ends, (unpack_of('>I7', text, 68))) end
    return ends
end

-- Whether the claim of this fence, 16 bytes, ended the task by its own settlement.
local function endedUnder(text, fence) return has(byte(text, 2), MARK.settled) and sub(text, 11, 26) == fence and recordEnds(text) > now end
