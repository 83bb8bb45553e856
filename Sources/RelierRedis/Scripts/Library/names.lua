-- Queues and kinds have numbers, made at their first use and never changed. A kind's name is its version, 8 bytes, and the task's name.
local function numberOf(what, name)
    local known = call('HGET', P .. ':' .. what .. 'n', name)
    if known then return tonumber(known) end
    local number = call('HINCRBY', P .. ':n', what, 1)
    call('HSET', P .. ':' .. what .. 'n', name, number)
    call('HSET', P .. ':' .. what .. 's', number, name)
    return number
end

local function queueNumber(name) return numberOf('q', name) end
local function kindNumber(name) return numberOf('k', name) end

-- The numbers of all queues.
local function allQueues()
    local numbers = call('HKEYS', P .. ':qs')
    for index, number in ipairs(numbers) do numbers[index] = tonumber(number) end
    table.sort(numbers)
    return numbers
end
