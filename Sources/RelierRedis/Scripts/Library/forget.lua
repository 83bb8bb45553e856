-- Ends an incarnation that holds nothing more. Its label stays as long as a history may name it.
local function forgetIncarnation(number)
    local label = call('HGET', P .. ':inc', number)
    freeBodies(number)
    if label then
        call('HDEL', P .. ':in', sub(label, 1, 16))
        call('ZADD', P .. ':ine', string.format('%.0f', now), number)
    end
    call('DEL', P .. ':m:' .. number, P .. ':v:' .. number, P .. ':h:' .. number)
    call('SREM', P .. ':ded', number)
    -- A pool that was dedicated to recoveries may have been the last: others serve them now.
    wakeAll()
end

-- What an incarnation holds, oldest first.
local function heldBy(number)
    local ids = call('SMEMBERS', P .. ':h:' .. number)
    table.sort(ids)
    return ids
end
