-- flags: no-writes
-- uses: core task wake gates ending_read
-- Everything that stands under one task, unread, and the names that its numbers stand for.
-- ARGV: settings · id.
-- Answers '' when it is not known, otherwise: now · 'l' live, 'd' dead or 'r' ended · the string · history · dead letter · checkpoint's size ·
-- progress · what it waits for (a key, or a limiter's text) · time of the next look at its rate · queue · kind · whether the queue is paused ·
-- labels as holder, label and crash report.
local id = ARGV[2]
local text = call('GET', TASK .. id)
local task = parse(id, text)
local answer = { string.format('%.0f', now), 'l', text or '', '', '', '', '', '', '', '', '', '', {} }
local queue, kind, holders = nil, nil, {}
local hasHistory
if task then
    if task.state == DEAD then
        answer[2] = 'd'
        answer[5] = call('GET', P .. ':x:' .. id) or ''
    end
    queue, kind, hasHistory = task.queue, task.kind, has(task.flags, F.history)
    if has(task.flags, F.checkpoint) then
        -- A file's place is its name behind its size.
        answer[6] = call('GETRANGE', P .. ':z:' .. id, 0, 8) .. pack('>I8', call('STRLEN', P .. ':z:' .. id))
    end
    if has(task.flags, F.progress) then answer[7] = call('GET', P .. ':pr:' .. id) or '' end
    if task.holder ~= 0 then holders[task.holder] = true end
    if task.state == WAITING then
        answer[8] = sub(call('GET', P .. ':a:' .. id) or '', 17)
    elseif task.state == LIMITED_STATE then
        for _, gate in ipairs(gatesOf(task)) do
            if kindOf(gate) == task.waits then
                answer[8] = string.char(task.waits) .. (call('HGET', P .. ':lim', (unpack_of('>I4', gate, 2))) or '')
                answer[9] = call('ZSCORE', P .. ':alarm', gate) or ''
            end
        end
    end
    answer[12] = call('HGET', P .. ':paused', queue) or ''
else
    text = call('HGET', P .. ':r:' .. sub(id, 1, 4), sub(id, 5))
    if not text or recordEnds(text) <= now then return '' end
    answer[2], answer[3] = 'r', text
    local holder
    queue, kind = unpack_of('>I4I4', text, 3)
    holder = unpack_of('>I4', text, 27)
    if holder ~= 0 then holders[holder] = true end
    hasHistory = has(byte(text, 2), 4)
end
if hasHistory then
    local history = call('GET', P .. ':y:' .. id) or ''
    answer[4] = history
    local at = 1
    while at + 31 <= #history do
        holders[unpack_of('>I4', history, at)] = true
        at = at + 32 + unpack_of('>I2', history, at + 30)
    end
end
answer[10] = call('HGET', P .. ':qs', queue) or ''
answer[11] = call('HGET', P .. ':ks', kind) or ''
local labels = answer[13]
for holder in pairs(holders) do
    local label = call('HGET', P .. ':inc', holder)
    if label then
        labels[#labels + 1] = string.format('%.0f', holder)
        labels[#labels + 1] = label
        local report = call('GET', P .. ':cr:' .. sub(label, 17, 32))
        labels[#labels + 1] = report and (unpack_of('>I8', report)) > now and sub(report, 9) or ''
    end
end
return answer
