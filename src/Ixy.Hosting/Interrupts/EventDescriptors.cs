using System.Globalization;
using Ixy.Hosting.Interop;

namespace Ixy.Hosting.Interrupts;

/// <summary>
/// The client's event descriptors for interrupts of one kind and one purpose. Owned by this object. Used under the
/// device's lock.
/// </summary>
internal sealed class EventDescriptors : IDisposable
{
    /// <summary>Stands for no descriptor.</summary>
    internal const int None = -1;

    private readonly int[] _descriptors;

    internal EventDescriptors(int count)
    {
        _descriptors = new int[count];
        Array.Fill(_descriptors, None);
    }

    internal int Count => _descriptors.Length;

    internal bool IsEmpty => Array.TrueForAll(_descriptors, descriptor => descriptor == None);

    internal bool Has(int index) => _descriptors[index] != None;

    /// <summary>Must be an eventfd: a write to a pipe or a file could block forever.</summary>
    internal static bool IsEvent(int descriptor) =>
        // Compares the whole text: its last part alone could be the name of some file or pipe.
        new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}"))
            .LinkTarget is "anon_inode:[eventfd]";

    /// <summary>Takes ownership of a descriptor; the previous one is closed.</summary>
    internal void Set(int index, int descriptor)
    {
        if (_descriptors[index] != None) _ = Libc.close(_descriptors[index]);
        _descriptors[index] = descriptor;
    }

    internal void Clear(int index) => Set(index, None);

    /// <summary>Adds one to the event's count, if there is an event.</summary>
    internal void Signal(int index)
    {
        if (_descriptors[index] != None) EventSignal.Send(_descriptors[index]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int index = 0; index < _descriptors.Length; index++) Clear(index);
    }
}
