using Ixy.Vfio.Interop;

namespace Ixy.Vfio.VfioUser;

/// <summary>
/// The descriptors that came with a message. They belong to this object until they are taken; the rest is closed. Not
/// thread-safe.
/// </summary>
public sealed class PassedDescriptors : IDisposable
{
    private const int Taken = -1;
    private readonly List<int> _descriptors = [];

    /// <summary>How many there are, including those already taken.</summary>
    public int Count => _descriptors.Count;

    internal void Add(int descriptor) => _descriptors.Add(descriptor);

    /// <summary>Returns one that stays here.</summary>
    public int Peek(int index) => _descriptors[index];

    /// <summary>Takes one out: the caller closes it.</summary>
    /// <exception cref="InvalidOperationException">It was taken already.</exception>
    public int Take(int index)
    {
        int descriptor = _descriptors[index];
        if (descriptor == Taken) throw new InvalidOperationException($"descriptor {index} was taken already");
        _descriptors[index] = Taken;
        return descriptor;
    }

    /// <summary>Closes those that were not taken. Empty afterwards, and reusable.</summary>
    public void Dispose()
    {
        foreach (int descriptor in _descriptors)
        {
            if (descriptor != Taken) _ = Libc.close(descriptor);
        }
        _descriptors.Clear();
    }
}
