-- See expect.conf. Runs before the login of each request.

-- The beginning of a NEGOTIATE_MESSAGE (MS-NLMP 2.2.1.1): plain, or inside SPNEGO.
local NEGOTIATE_MESSAGE = "NTLMSSP\0\1\0\0\0"

function handle(r)
    local token = (r.headers_in["Authorization"] or ""):match("^%a+ +(%S+)$")
    if r.headers_in["Expect"] and token
        and r:base64_decode(token):find(NEGOTIATE_MESSAGE, 1, true) then
        -- The answer to this message is 401, whatever the body. A body that is no form is read and
        -- dropped piece by piece.
        r.headers_in["Content-Type"] = "application/octet-stream"
        r:parsebody()
    end
    return apache2.DECLINED
end
