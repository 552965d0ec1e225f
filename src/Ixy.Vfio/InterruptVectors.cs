using Ixy.Vfio.Interrupts;

namespace Ixy.Vfio;

/// <summary>
/// The connected interrupt vectors of a function. Disposing disconnects them and closes their descriptors; so does
/// disposing the function, in either order. Not thread-safe.
/// </summary>
public sealed class InterruptVectors : IDisposable
{
    private readonly PciDevice _device;
    private readonly InterruptVector[] _vectors;

    internal InterruptVectors(PciDevice device, InterruptKind kind, int count)
    {
        (_device, Kind) = (device, kind);
        _vectors = new InterruptVector[count];
        try
        {
            for (int i = 0; i < count; i++) _vectors[i] = new(this, i);
            device.ConnectInterrupts(kind, Array.ConvertAll(_vectors, vector => vector.EventDescriptor));
        }
        catch
        {
            CloseDescriptors();
            throw;
        }
    }

    /// <summary>INTx, MSI or MSI-X.</summary>
    public InterruptKind Kind { get; }

    /// <summary>How many vectors are connected.</summary>
    public int Count => _vectors.Length;

    internal PciDevice Device => _device;

    internal bool IsDisposed { get; private set; }

    /// <summary>The vector with this number, counted from 0.</summary>
    public InterruptVector this[int index] => _vectors[index];

    /// <summary>Disconnects the vectors and closes their descriptors. Does nothing the second time.</summary>
    public void Dispose()
    {
        if (IsDisposed) return;
        IsDisposed = true;
        try
        {
            _device.DisconnectInterrupts(Kind);
        }
        finally
        {
            CloseDescriptors();
        }
    }

    internal void SetMask(int vector, bool masked)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (Kind == InterruptKind.Intx) _device.MaskInterruptLine(masked);
        else if (Kind == InterruptKind.Msi) MessageMask.SetMsi(_device, vector, masked);
        else MessageMask.SetMsix(_device, vector, masked);
    }

    private void CloseDescriptors()
    {
        foreach (var vector in _vectors) vector?.Close();
    }
}
