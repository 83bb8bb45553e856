-- uses: core
-- Reserves room in the admission window for tasks that are about to be pushed into whatever partition.
-- ARGV: settings · policy, see `push.lua` · how many. Answers how many fit, the time left of the window in microseconds, its start, and how many
-- would have fitted, '' for all.
local NONE = 18446744073709551615
local limit, length = unpack_of('>I8I8', ARGV[2])
local wanted = tonumber(ARGV[3])
local window
local stored = call('GET', P .. ':adm')
if stored then
    local start, span, admitted = unpack_of('>I8I8I8', stored)
    if now < start + span then window = { start = start, length = span, admitted = admitted } end
end
local granted, room = wanted, ''
if limit < NONE then
    room = math.max(0, limit - (window and window.admitted or 0))
    granted = math.min(wanted, room)
    if granted > 0 then
        window = window or { start = now, length = length, admitted = 0 }
        call('SET', P .. ':adm', pack('>I8I8I8I8', window.start, window.length, window.admitted + granted, limit), 'PXAT',
            expiry(window.start + window.length))
    end
end
return { granted, string.format('%.0f', window and window.start + window.length - now or length),
    window and string.format('%.0f', window.start) or '', room }
