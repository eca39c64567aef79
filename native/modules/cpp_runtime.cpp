// Needs the C++ run-time: exceptions thrown and caught, global objects, a local static, dynamic_cast, a big stack frame.
//
// The body has one line for each. The destructor of the global object writes to OutputDebugString when the DLL unloads.

#include "module.h"
#include <stdexcept>

class CGlobal
{
public:
    CGlobal() : m_magic(0xC0DE) {}
    ~CGlobal() { OutputDebugStringA("cpp_runtime: global object destroyed\n"); }
    DWORD magic() const { return m_magic; }

private:
    DWORD m_magic;
};

static CGlobal g_object;

class CBackEndError : public std::runtime_error
{
public:
    CBackEndError() : std::runtime_error("no back end") {}
};

struct Shape
{
    virtual ~Shape() = default;
};

struct Circle : Shape
{
    int radius = 5;
};

struct Square : Shape
{
};

static int g_constructed;

struct Counted
{
    Counted() { ++g_constructed; }
    ~Counted() { --g_constructed; }
};

__attribute__((noinline)) static void connect()
{
    Counted unwound;
    throw CBackEndError();
}

__attribute__((noinline)) static DWORD bigFrame(DWORD seed)
{
    volatile BYTE frame[40000];
    for (DWORD i = 0; i < sizeof frame; ++i)
        frame[i] = static_cast<BYTE>(seed + i);
    return frame[sizeof frame - 1];
}

class CCppRuntime : public CHttpModule
{
public:
    REQUEST_NOTIFICATION_STATUS OnBeginRequest(IHttpContext* pHttpContext, IHttpEventProvider*) override
    {
        Text text;
        text << "global " << Hex{g_object.magic()} << "\n";
        try
        {
            connect();
        }
        catch (const std::exception& error)
        {
            text << "caught " << error.what() << ", " << g_constructed << " alive\n";
        }
        try
        {
            try
            {
                throw 42;
            }
            catch (...)
            {
                throw;
            }
        }
        catch (int number)
        {
            text << "rethrown " << number << "\n";
        }
        static CCppRuntime* first = this;
        text << "local static " << (first ? "initialised" : "null") << "\n";

        Circle circle;
        Square square;
        text << "dynamic_cast " << radius(&circle) << " " << radius(&square) << "\n";
        text << "frame " << bigFrame(7) << "\n";
        return reply(pHttpContext, text);
    }

private:
    __attribute__((noinline)) static int radius(Shape* shape)
    {
        Circle* circle = dynamic_cast<Circle*>(shape);
        return circle ? circle->radius : -1;
    }
};

extern "C" HRESULT __stdcall RegisterModule(DWORD, IHttpModuleRegistrationInfo* pModuleInfo, IHttpServer*)
{
    return registerModule<CCppRuntime>(pModuleInfo, RQ_BEGIN_REQUEST);
}
