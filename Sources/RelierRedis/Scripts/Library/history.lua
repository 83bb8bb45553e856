-- Ended attempts of a task that is not over, one after the other: holder 4 · fence 8 · start 8 · end 8 · outcome 1 · recovered by 1 · detail.
local OUTCOME = {
    committed = 1, retry = 2, quarantined = 3, handedBack = 4, snoozed = 5, workerGone = 6, stray = 7, cancelled = 8,
}
-- Beyond that many bytes only the last hundred are kept: a task that is snoozed for days must not grow without bound.
local HISTORY_BYTES = 65536

local function forgetOldest(key)
    local text = call('GET', key)
    local starts, at = {}, 1
    while at <= #text do
        starts[#starts + 1] = at
        local length = unpack_of('>I2', text, at + 30)
        at = at + 32 + length
    end
    call('SET', key, sub(text, starts[math.max(1, #starts - 99)]))
end

-- Notes the end of a running task's attempt. The flag is written with the rest of the head by whoever calls.
local function note(task, outcome, detail, recoveredBy)
    if task.holder == 0 then return end
    local key = P .. ':y:' .. task.id
    detail = sub(detail or '', 1, 4096)
    -- What is there then is of an earlier life of the id.
    if not has(task.flags, F.history) then call('DEL', key) end
    local size = call('APPEND', key, pack('>I4I8I8I8BBI2', task.holder, task.fence, task.started, now, outcome, recoveredBy or 0, #detail) .. detail)
    task.flags = bor(task.flags, F.history)
    if size > HISTORY_BYTES then forgetOldest(key) end
end
