namespace Ixy.Simulation.Tests;

/// <summary>Another thread that writes one byte, then the other, and so on, to the same place.</summary>
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
