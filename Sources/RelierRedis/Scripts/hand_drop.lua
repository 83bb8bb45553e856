-- flags: allow-oom
-- uses: core task wake ready_key ready gates keys
-- The key that a task was about to take is somebody else's. ARGV: settings · id · hash · the token of the claim.
local name = ARGV[3] .. ARGV[2]
local record = readKey(HAND .. name)
if record and record.state == 1 and record.holder == 0 and record.rest == ARGV[4] then
    call('DEL', HAND .. name)
    call('SREM', P .. ':o:' .. ARGV[2], name)
end
return 1
