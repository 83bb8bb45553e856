-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- Notes that tasks of another partition wait for a key. ARGV: settings · hash · the partition 2 · 1 to note it in any case.
-- Answers whether it is held: '' not, so that they need not wait, 'h', or 'f' by a task of a third partition.
local hash = ARGV[2]
local record = readKey(HAND .. hash)
if ARGV[4] ~= '1' and (not record or not isHeld(record)) then
    call('SREM', P .. ':af:' .. hash, ARGV[3])
    return ''
end
call('SADD', P .. ':af:' .. hash, ARGV[3])
return record and record.state == ELSEWHERE and 'f' or 'h'
