-- What stands beside a task that ever lost a worker or saved a checkpoint (`F.losses`), `lo:`:
--   workers lost in a row while it ran alone 4 · lost in its whole life 4 · when it lost the last 8 · fence of the attempt that saved last 8 ·
--   what identifies the checkpoint with which that attempt began 16 · and the one that stands 16
-- Zeros stand for none. How many it lost in a row is in the task's own string, as `resurrections`.
local LOSSES, NO_CHECKPOINT = '>I4I4I8I8c16c16', string.rep('\0', 16)

local function lossesOf(task)
    local text = has(task.flags, F.losses) and call('GET', P .. ':lo:' .. task.id)
    if not text or #text ~= 56 then return { alone = 0, total = 0, last = 0, fence = 0, began = NO_CHECKPOINT, saved = NO_CHECKPOINT } end
    local alone, total, last, fence, began, saved = unpack_of(LOSSES, text)
    return { alone = alone, total = total, last = last, fence = fence, began = began, saved = saved }
end

-- The flag is written with the rest of the head by whoever calls.
local function keepLosses(task, losses)
    task.flags = bor(task.flags, F.losses)
    call('SET', P .. ':lo:' .. task.id, pack(LOSSES, losses.alone, losses.total, losses.last, losses.fence, losses.began, losses.saved))
end
