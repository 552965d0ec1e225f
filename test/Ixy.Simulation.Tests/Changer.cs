namespace Ixy.Simulation.Tests;

/// <summary>Another thread, which keeps switching one byte between two values.</summary>
internal sealed unsafe class Changer : IDisposable
{
    private readonly Thread _thread;
    private bool _ends;

    internal Changer(byte* place, byte one, byte other)
    {
        _thread = new Thread(() =>
        {
            while (!Volatile.Read(ref _ends))
            {
                Volatile.Write(ref *place, one);
                Volatile.Write(ref *place, other);
            }
            *place = one;
        });
        _thread.Start();
    }

    public void Dispose()
    {
        Volatile.Write(ref _ends, true);
        _thread.Join();
    }
}
