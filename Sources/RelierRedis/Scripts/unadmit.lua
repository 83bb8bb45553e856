-- flags: allow-oom
-- uses: core
-- Gives back room that was reserved in the admission window and is not needed, if that window is still open. One in which nothing is left begins anew with
-- the next task. ARGV: settings · start of the window · how many.
local stored = call('GET', P .. ':adm')
if not stored then return 0 end
local start, length, admitted, limit = unpack_of('>I8I8I8I8', stored)
if string.format('%.0f', start) ~= ARGV[2] then return 0 end
admitted = admitted - tonumber(ARGV[3])
if admitted <= 0 then
    call('DEL', P .. ':adm')
else
    call('SET', P .. ':adm', pack('>I8I8I8I8', start, length, admitted, limit), 'PXAT', expiry(start + length))
end
return 1
