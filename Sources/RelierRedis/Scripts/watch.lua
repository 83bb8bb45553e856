-- flags: allow-oom
-- uses: core task ending_read
-- States of tasks, and with a channel also who is to be told when those that are live end. One look for both: no end falls between.
-- ARGV: settings · channel 8 or '' · how long it listens in milliseconds · ids.
-- Answers now, then for each task '' when it is not known, or 'l' head, 'r' record, 'd' dead letter; a live task's progress follows as its own value.
local answer, live, over = { string.format('%.0f', now) }, {}, false
for index = 4, #ARGV do
    local id = ARGV[index]
    local text = call('GETRANGE', TASK .. id, 0, HEAD - 1)
    local found, progress = '', ''
    if #text == HEAD then
        local state, flags = byte(text, 9), unpack_of('>I2', text, 10)
        if state == DEAD then
            found = 'd' .. (call('GET', P .. ':x:' .. id) or '')
            over = true
        else
            found = 'l' .. text
            live[#live + 1] = { id, flags }
            if has(flags, F.progress) then progress = call('GET', P .. ':pr:' .. id) or '' end
        end
    else
        over = true
        local ended = call('HGET', P .. ':r:' .. sub(id, 1, 4), sub(id, 5))
        if ended and recordEnds(ended) > now then found = 'r' .. ended end
    end
    answer[#answer + 1] = found
    answer[#answer + 1] = progress
end
if ARGV[2] ~= '' and not over then
    for _, task in ipairs(live) do
        local key = P .. ':e:' .. task[1]
        call('SADD', key, ARGV[2])
        if call('PTTL', key) < tonumber(ARGV[3]) then call('PEXPIRE', key, ARGV[3]) end
        if not has(task[2], F.watched) then call('SETRANGE', TASK .. task[1], 9, pack('>I2', bor(task[2], F.watched))) end
    end
end
return answer
